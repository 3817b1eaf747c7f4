#!/bin/sh
# Asks git what flowcheck asks, the way a hook of a server is usually written. It is here to be
# compared with, and holds as much of the built-in policy as the measured pushes touch.

code=0
lines_and_tags=$(git for-each-ref --format='%(refname) %(objectname) %(*objectname)' \
	refs/heads/develop refs/heads/master 'refs/heads/release-*' 'refs/tags/v*')

reject() {
	printf 'error: %s: %s\n' "$ref" "$1" >&2
	code=1
}

# Prints the commits of the version tags that a record says run in prod.
confirmed() {
	git for-each-ref --sort=refname refs/tags/deployed/prod refs/tags/rolled-back/prod \
		--format='%(refname:strip=3) %(*objectname) %(contents:trailers:key=Result,valueonly,separator=%2C) %(contents:trailers:key=Commit,valueonly,separator=%2C)' |
		while read -r name commit result said; do
			[ "$result" = success ] && [ "$said" = "$commit" ] || continue
			tag=${name#prod/} tag=${tag%/*}
			[ "$(git rev-parse -q --verify "refs/tags/$tag^{commit}")" = "$commit" ] && echo "$commit"
		done
}

# Prints the lines and version tags but the line $1.
others() {
	echo "$lines_and_tags" | while read -r name id peeled; do
		[ "$name" = "refs/heads/$1" ] || echo "${peeled:-$id}"
	done
}

# Whether the topic $new has commits of other lines than its base $1, which nothing shipped has.
foreign() {
	own=$(git rev-list "$new" --not "refs/heads/$1" | sort)
	# shellcheck disable=SC2046
	mine=$(git rev-list "$new" --not "refs/heads/$1" $(others "$1") | sort)
	[ "$own" = "$mine" ] && return 1
	# shellcheck disable=SC2046
	mine=$(git rev-list "$new" --not "refs/heads/$1" $(confirmed) | sort)
	[ -n "$mine" ]
}

# Whether the line $1 is the newest confirmed release's, and $new has its version tag.
takes_hotfixes() {
	newest=$(git for-each-ref --count=1 --sort=-version:refname --format='%(refname:strip=4)' refs/tags/deployed/prod)
	[ "release-${newest%/*}" = "release-v${1#release-}" ] &&
		git merge-base --is-ancestor "refs/tags/${newest%/*}" "$new"
}

topic_of_a_release() {
	for line in $(git for-each-ref --sort=-version:refname --format='%(refname:short)' 'refs/heads/release-*'); do
		if ! foreign "$line"; then
			takes_hotfixes "$line" || reject "the release $line takes no hotfix"
			return
		fi
	done
	reject 'it belongs to no release'
}

# What a line takes in comes by merges; $1: what may enter unconfirmed.
line() {
	old=$(git rev-parse -q --verify "$ref") || return
	git merge-base --is-ancestor "$old" "$new" || { reject 'it is rewritten'; return; }
	shipped=$(confirmed)
	git rev-list --first-parent --parents "$new" --not "$old" | while read -r commit first second more; do
		[ -n "$second" ] || exit 1
		# shellcheck disable=SC2086
		came=$(git rev-list "$second" $more --not "$first" $shipped)
		[ -z "$came" ] && { [ "$1" = feature ] || same_tree "$commit" "$second"; } || exit 1
	done || reject 'it takes in what may not enter'
}

same_tree() {
	[ "$(git rev-parse "$1^{tree}")" = "$(git rev-parse "$2^{tree}")" ]
}

version_tag() {
	[ "$(git cat-file -t "$new")" = tag ] || { reject 'it is not annotated'; return; }
	commit=$(git rev-parse "$new^{commit}") version=${ref#refs/tags/v} version=${version%-hotfix*}
	line=refs/heads/release-$version
	git rev-list --first-parent "$line" --not refs/heads/develop | grep -q "^$commit\$" ||
		{ reject "it is not on $line"; return; }
	before=$(git rev-parse -q --verify "refs/tags/v$version^{commit}")
	[ -z "$before" ] || git merge-base --is-ancestor "$before" "$commit" || reject "v$version comes first"
	git for-each-ref --no-merged="$commit" --format='warning: %(refname:short) is not in it' 'refs/tags/v*-hotfix*' >&2
}

while read -r old new ref; do
	case $ref in
	refs/heads/develop) line feature ;;
	refs/heads/master) line release ;;
	refs/heads/feature/*) ! foreign develop || reject 'it has commits of other lines' ;;
	refs/heads/hotfix/*) topic_of_a_release ;;
	refs/tags/v*) version_tag ;;
	*) reject 'a name of no kind' ;;
	esac
done
exit $code
