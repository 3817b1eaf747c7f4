#!/bin/sh
# Installs flowcheck from this checkout or this unpacked archive: no network, no root.
#
#   ./install.sh [--to DIR] [--hook REPOSITORY] [--dry-run]
#
# DIR gets bin/flowcheck, bin/git-flowcheck (for `git flowcheck`), the man pages, what bash, zsh
# and fish complete, and under share/flowcheck the hooks to copy by hand and the commented policy.
# Default: ~/.local. --hook puts the hook into a clone, or the hooks into a bare repository.

set -eu

die() {
    echo "install.sh: $1" >&2
    exit 2
}

say() {
    echo "install.sh: $1" >&2
}

usage() {
    echo "usage: install.sh [--to DIR] [--hook REPOSITORY] [--dry-run]" >&2
}

# Runs a command, or says it.
step() {
    if [ "$dry_run" = yes ]; then
        say "would run: $*"
    else
        "$@"
    fi
}

to=
repository=
dry_run=no
while [ $# -gt 0 ]; do
    case $1 in
    --to)
        [ $# -ge 2 ] || die "--to needs a directory"
        to=$2
        shift 2
        ;;
    --to=*)
        to=${1#--to=}
        shift
        ;;
    --hook)
        [ $# -ge 2 ] || die "--hook needs a repository"
        repository=$2
        shift 2
        ;;
    --hook=*)
        repository=${1#--hook=}
        shift
        ;;
    --dry-run)
        dry_run=yes
        shift
        ;;
    -h | --help)
        usage
        exit 0
        ;;
    *)
        usage
        die "there is no option \`$1\`"
        ;;
    esac
done

if [ -n "$repository" ]; then
    bare=$(git -C "$repository" rev-parse --is-bare-repository 2>/dev/null) || die "$repository is no git repository"
fi
if [ -z "$to" ]; then
    [ -n "${HOME:-}" ] || die "HOME is not set: say where with --to DIR"
    to=$HOME/.local
fi

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || die "could not find the directory of this script"

# An archive brings the program; a checkout builds it, without asking the network where it can.
program=
for candidate in "$here/flowcheck" "$here/bin/flowcheck" "$here/target/release/flowcheck"; do
    if [ -f "$candidate" ] && [ -x "$candidate" ]; then
        program=$candidate
        break
    fi
done
if [ -z "$program" ]; then
    [ -f "$here/Cargo.toml" ] || die "there is no flowcheck beside this script, and nothing to build it from"
    command -v cargo >/dev/null 2>&1 || die "cargo is needed to build flowcheck: see https://rustup.rs"
    say "building flowcheck"
    step cargo build --release --locked --offline --manifest-path "$here/Cargo.toml" ||
        die "could not build without the network: run \`cargo fetch --locked\` first"
    program=$here/target/release/flowcheck
fi

step mkdir -p "$to/bin" || die "could not make $to/bin"
# A running flowcheck keeps its own file: the new one takes the name.
step cp "$program" "$to/bin/flowcheck.new" || die "could not write to $to/bin"
step chmod 755 "$to/bin/flowcheck.new"
step mv -f "$to/bin/flowcheck.new" "$to/bin/flowcheck"
step ln -sf flowcheck "$to/bin/git-flowcheck"

if [ -d "$here/hooks" ]; then
    step mkdir -p "$to/share/flowcheck/hooks"
    for hook in "$here"/hooks/*; do
        step cp "$hook" "$to/share/flowcheck/hooks/"
        step chmod 755 "$to/share/flowcheck/hooks/${hook##*/}"
    done
fi
if [ -f "$here/policy.toml.example" ]; then
    step mkdir -p "$to/share/flowcheck"
    step cp "$here/policy.toml.example" "$to/share/flowcheck/"
fi

# The program writes what belongs to it.
completions() {
    step mkdir -p "$to/share/$2"
    if [ "$dry_run" = yes ]; then
        say "would write: $to/share/$2/$3"
    else
        "$to/bin/flowcheck" completions "$1" >"$to/share/$2/$3"
    fi
}
step "$to/bin/flowcheck" man --to "$to/share/man/man1" || die "could not write the man pages"
completions bash bash-completion/completions flowcheck
completions zsh zsh/site-functions _flowcheck
completions fish fish/vendor_completions.d flowcheck.fish

if [ -n "$repository" ]; then
    [ "$bare" = true ] && side=--server || side=
    # shellcheck disable=SC2086  # no side, no word
    step "$to/bin/flowcheck" install $side -C "$repository" || die "the hook is not in $repository"
fi

[ "$dry_run" = yes ] && exit 0

say "flowcheck is in $to/bin: $("$to/bin/flowcheck" --version)"
case :${PATH:-}: in
*":$to/bin:"*) ;;
*) say "put it into PATH: export PATH=\"$to/bin:\$PATH\"" ;;
esac
if [ -z "$repository" ]; then
    say "next, in a clone: flowcheck install"
    say "next, on a server, in a bare repository: flowcheck install --server"
fi
