# What the checks of the packages share. The name of a check is its claim; a failed check does not end the others.
passed=0
failed=0

# claim SENTENCE COMMAND...: the command must succeed. Its output is shown only if it fails.
claim() {
  local sentence=$1 output
  shift
  output=$(mktemp)
  if "$@" >"$output" 2>&1; then # not in a subshell: it may start processes for later claims
    passed=$((passed + 1))
    echo "   ok: $sentence"
  else
    failed=$((failed + 1))
    echo "   FAILED: $sentence"
    tail -n 30 "$output" | sed 's/^/      /'
  fi
  rm -f "$output"
}

# has TEXT FILE
has() { grep -qF -- "$1" "$2" || { cat "$2"; return 1; }; }

# until_true SECONDS COMMAND...: waits for what comes soon or never.
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || { echo "still false: $*"; return 1; }
    sleep 0.1
  done
}

# http_status PORT PATH: the status line of 127.0.0.1, by bash, because a minimal Debian has no curl.
http_status() {
  exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
  printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$2" >&3
  head -n 1 <&3
  exec 3<&-
}

# set_key KEY VALUE FILE: sets a key of a config file, in its first line, which may be a comment.
set_key() { sed -i "0,/^#\?$1 = /s|^#\?$1 = .*|$1 = $2|" "$3"; }
# open_semester CONFIG: the semester of the worked example in docs/allocation.md.
open_semester() { set_key semester '"2025-10"' "$1" && set_key classrooms 380 "$1" && set_key labs 60 "$1"; }

installed_version() { dpkg-query --show --showformat='${db:Status-Abbrev}${Version}' "$1"; }

# newer_package FILE VERSION FOLDER: the same package with a newer version, in FOLDER; `change`, if it is defined, changes
# its files first.
newer_package() {
  local tree
  tree=$(mktemp -d)
  dpkg-deb --raw-extract "$1" "$tree"
  sed -i "s/^Version: .*/Version: $2/" "$tree/DEBIAN/control"
  ! declare -F change >/dev/null || change "$tree"
  dpkg-deb --build --root-owner-group -Znone "$tree" "$3" >/dev/null
  rm -rf "$tree"
}

apt_get() {
  DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends -o Dpkg::Use-Pty=0 \
    -o Dpkg::Options::=--force-confold "$@" </dev/null
}

finish() {
  echo "$passed passed, $failed failed, 0 skipped"
  [ "$failed" = 0 ]
}
