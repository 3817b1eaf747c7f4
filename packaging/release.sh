#!/usr/bin/env bash
# Builds, checks and packs a release: a static binary, a tarball that install.sh works from,
# a .deb, an .rpm and SHA256SUMS.
#
#   packaging/release.sh [--trial] [--pie] [--binary FILE] [--target TRIPLE] [--out DIR]
#
# --trial      any commit will do: the version need not be tagged, nor in CHANGELOG.md
# --pie        a program that is loaded at another address each time: it starts 0.5 ms later
# --binary     pack this program instead of building one
# --target     build for this target (default: musl where it can be had, else glibc, static)
# --out        where the files go (default: target/packages)
#
# Nothing is uploaded. Exit code 0: all of it was made and tried; 1: something is wrong.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'release.sh: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

trial=no
address='-C relocation-model=static'
binary=
target=
out=target/packages
while [ $# -gt 0 ]; do
    case $1 in
    --trial) trial=yes ;;
    --pie) address= ;;
    --binary | --target | --out)
        [ $# -ge 2 ] || die "$1 needs a value"
        declare "${1#--}=$2"
        shift
        ;;
    *) die "there is no option \`$1\`" ;;
    esac
    shift
done

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
[ -n "$version" ] || die "Cargo.toml has no version"

# A release is what the tag says, and the changelog says what it is.
same_version_everywhere() {
    local tag
    tag=$(git describe --exact-match --tags --match 'v[0-9]*' 2>/dev/null) || die "this commit has no version tag"
    [ "$tag" = "v$version" ] || die "the tag is $tag, Cargo.toml says $version"
    grep -q "^## \[$version\] - [0-9-]*$" CHANGELOG.md || die "CHANGELOG.md has no section \`## [$version] - <date>\`"
    [ -z "$(git status --porcelain)" ] || die "the work tree is not clean"
}
[ "$trial" = yes ] || same_version_everywhere

# Where musl's standard library and compiler are here, they make the more portable binary.
portable_target() {
    local machine
    machine=$(rustc -vV | sed -n 's/^host: \([^-]*\)-.*/\1/p')
    if [ -d "$(rustc --print sysroot)/lib/rustlib/$machine-unknown-linux-musl/lib" ] && has musl-gcc; then
        echo "$machine-unknown-linux-musl"
    else
        echo "$machine-unknown-linux-gnu"
    fi
}
target=${target:-$(portable_target)}

if [ -z "$binary" ]; then
    say "building $version for $target"
    RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static $address" \
        cargo build --release --locked --target "$target"
    binary=${CARGO_TARGET_DIR:-target}/$target/release/flowcheck
    linked=$(ldd "$binary" 2>&1) || true
    case $linked in
    *"statically linked"* | *"not a dynamic executable"*) ;;
    *) die "$binary is not static: $linked" ;;
    esac
fi
case $("$binary" --version) in
"flowcheck $version"*) ;;
*) die "$binary is not flowcheck $version" ;;
esac
say "playing the demo with it"
"$binary" demo >/dev/null || die "$binary fails its demo"

# One tree, from which every package is made.
[ ! -e "$out" ] || [ -d "$out/root/usr/bin" ] || die "$out is there, and is not of an earlier release"
rm -rf "$out"
mkdir -p "$out"
out=$(cd "$out" && pwd)
root=$out/root
share=$root/usr/share
doc=$share/doc/flowcheck
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
umask 022
mkdir -p "$root/usr/bin" "$share/flowcheck/hooks" "$share/bash-completion/completions" \
    "$share/zsh/vendor-completions" "$share/fish/vendor_completions.d" "$doc"
install -m 755 "$binary" "$root/usr/bin/flowcheck"
ln -s flowcheck "$root/usr/bin/git-flowcheck"
install -m 755 hooks/* "$share/flowcheck/hooks/"
install -m 644 policy.toml.example "$share/flowcheck/"
"$binary" policy schema >"$share/flowcheck/policy.schema.json"
"$binary" completions bash >"$share/bash-completion/completions/flowcheck"
"$binary" completions zsh >"$share/zsh/vendor-completions/_flowcheck"
"$binary" completions fish >"$share/fish/vendor_completions.d/flowcheck.fish"
"$binary" man --to "$share/man/man1"
gzip -9n "$share"/man/man1/*
install -m 644 README.md README.zh.md LICENSE LICENSE-MIT LICENSE-APACHE "$doc/"
install -m 644 packaging/copyright "$doc/copyright"
gzip -9nc CHANGELOG.md >"$doc/changelog.gz"
gzip -9nc >"$doc/changelog.Debian.gz" <<end
flowcheck ($version-1) unstable; urgency=medium

  * Version $version: see changelog.gz.

 -- $(sed -n 's/^Maintainer: //p' packaging/control)  $(date -Ru --date="@$epoch")
end
chmod 644 "$share"/man/man1/* "$doc"/changelog*.gz "$share/flowcheck/policy.schema.json"
find "$root" -exec touch --no-dereference --date="@$epoch" {} +

# The tarball: what install.sh needs, under one directory, the same bytes on every machine.
name=flowcheck-$version-$target
mkdir "$out/$name"
cp -a "$root/usr/bin/flowcheck" "$share/flowcheck/policy.toml.example" "$share/flowcheck/hooks" "$out/$name/"
cp -a install.sh README.md README.zh.md CHANGELOG.md LICENSE LICENSE-MIT LICENSE-APACHE "$out/$name/"
cp -a packaging/Containerfile "$out/$name/"
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$epoch" -C "$out" -c "$name" |
    gzip -9n >"$out/$name.tar.gz"
rm -r "${out:?}/$name"

try_tarball() {
    local place
    place=$(mktemp -d)
    tar -xzf "$out/$name.tar.gz" -C "$place"
    HOME=$place "$place/$name/install.sh" --to "$place/to" >/dev/null 2>&1 || die "install.sh does not work from the tarball"
    "$place/to/bin/git-flowcheck" --version >/dev/null || die "what install.sh puts in place does not run"
    [ -f "$place/to/share/man/man1/flowcheck.1" ] || die "install.sh writes no man page"
    rm -r "$place"
}
try_tarball

machine=${target%%-*}
if has dpkg-deb; then
    case $machine in
    x86_64) architecture=amd64 ;;
    aarch64) architecture=arm64 ;;
    *) architecture=$machine ;;
    esac
    deb=$out/flowcheck_${version}-1_$architecture.deb
    mkdir "$root/DEBIAN"
    sed -e "s/@VERSION@/$version-1/" -e "s/@ARCHITECTURE@/$architecture/" \
        -e "s/@SIZE@/$(du -sk "$root/usr" | cut -f1)/" packaging/control >"$root/DEBIAN/control"
    (cd "$root" && find usr -type f | sort | xargs md5sum >DEBIAN/md5sums)
    SOURCE_DATE_EPOCH=$epoch dpkg-deb --root-owner-group --build "$root" "$deb" >/dev/null
    rm -r "$root/DEBIAN"
    place=$(mktemp -d)
    dpkg-deb -x "$deb" "$place"
    "$place/usr/bin/git-flowcheck" --version >/dev/null || die "the program in the .deb does not run"
    rm -r "$place"
else
    say "no .deb: dpkg-deb is not here"
fi

if ! has cargo-generate-rpm; then
    say "no .rpm: cargo install --locked cargo-generate-rpm"
elif [ "$out" != "$PWD/target/packages" ]; then
    say "no .rpm: it is made from target/packages alone, where Cargo.toml lists its files"
else
    # Which libraries it needs is found with rpm's own tools; a static binary needs none.
    SOURCE_DATE_EPOCH=$epoch cargo-generate-rpm --auto-req disabled --arch "$machine" -o "$out/"
fi

(cd "$out" && sha256sum -- *.tar.gz *.deb *.rpm 2>/dev/null >SHA256SUMS) || true
(cd "$out" && sha256sum --quiet -c SHA256SUMS)
cat "$out/SHA256SUMS"
