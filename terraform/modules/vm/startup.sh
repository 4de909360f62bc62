#!/bin/sh
# Prepares a VM at each boot: writes files and a password, installs packages, starts services. The attribute dti-manifest
# of the VM lists them, one a line:
#   file ATTRIBUTE MODE PATH                  the file has the content of that attribute of the VM
#   pgpass SECRET PREFIX PATH                 libpq's password file: the prefix, and the password in Secret Manager
#   package NAME VERSION SHA256 BUCKET/OBJECT a Debian package in Cloud Storage
#   service UNIT                              a service of systemd
# It changes nothing that is as it should be. Google runs it as root, without variables; these are for tests:
# GCE_METADATA_HOST, DTI_SECRETS_URL, DTI_STORAGE_URL, DTI_TRIES, DTI_PAUSE.
set -eu
umask 077

metadata=http://${GCE_METADATA_HOST:-metadata.google.internal}/computeMetadata/v1/instance
secrets=${DTI_SECRETS_URL:-https://secretmanager.googleapis.com}
storage=${DTI_STORAGE_URL:-https://storage.googleapis.com}
tries_max=${DTI_TRIES:-60}
pause=${DTI_PAUSE:-5} # seconds
# It exists while a change was not followed by a start of the services, also after a run that has failed.
changed=/run/dti-startup.changed

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
running='' packages='' services=''

say() { echo "dti-startup: $*" >&2; }
fail() {
  say "$*"
  exit 1
}

# retry COMMAND...: grants of rights, routes and mirrors of packages work some minutes after the VM starts.
retry() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ "$tries" -lt "$tries_max" ] || fail "gave up after $tries tries: $*"
    sleep "$pause"
  done
}

get() { curl --silent --show-error --fail --connect-timeout 10 --max-time 300 "$@"; }
from_metadata() { get --header 'Metadata-Flavor: Google' --output "$1" "$metadata/$2"; }

# field NAME <JSON: the text of that field.
field() { sed -n 's/.*"'"$1"'" *: *"\([^"]*\)".*/\1/p'; }

# as_vm OUTPUT URL: with the VM's own account. The token and the content go through files, because arguments are public.
as_vm() {
  from_metadata "$work/token" service-accounts/default/token || return 1
  printf 'header = "Authorization: Bearer %s"\n' "$(field access_token <"$work/token")" >"$work/curl"
  get --config "$work/curl" --output "$1" "$2"
}

# place SOURCE MODE PATH: the file gets the content of SOURCE, in one step.
place() {
  (umask 022 && mkdir -p "$(dirname "$3")")
  if cmp -s "$1" "$3" && [ "$(stat --format=%a "$3")" = "${2#0}" ]; then
    return 0
  fi
  new=$(mktemp "$3.XXXXXX")
  cat "$1" >"$new"
  chmod "$2" "$new"
  : >"$changed"
  mv -f "$new" "$3"
  say "wrote $3"
}

place_file() { # ATTRIBUTE MODE PATH
  retry from_metadata "$work/file" "attributes/$1"
  place "$work/file" "$2" "$3"
}

place_pgpass() { # SECRET PREFIX PATH
  retry as_vm "$work/secret" "$secrets/v1/$1/versions/latest:access"
  field data <"$work/secret" | base64 -d >"$work/password" || fail "the secret $1 is not as Secret Manager sends it"
  [ -s "$work/password" ] || fail "the secret $1 is empty"
  # libpq's password file wants a backslash before a colon and before a backslash.
  printf '%s:%s\n' "$2" "$(sed 's/[\\:]/\\&/g' "$work/password")" >"$work/pgpass"
  install -d -m 700 "$(dirname "$3")"
  place "$work/pgpass" 0600 "$3"
}

apt_get() {
  DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
    -o Dpkg::Options::=--force-confold "$@" </dev/null >&2
}
# A new VM has no list of Debian's packages yet.
apt_install() { apt_get install "$@" || { apt_get update && apt_get install "$@"; }; }

fetch_package() { # NAME VERSION SHA256 BUCKET/OBJECT
  # shellcheck disable=SC2016  # templates of dpkg-query and dpkg-deb
  [ "$(dpkg-query --show --showformat='${db:Status-Status} ${Version}' "$1" 2>/dev/null)" != "installed $2" ] || return 0
  retry as_vm "$work/$1.deb" "$storage/$4"
  echo "$3  $work/$1.deb" | sha256sum --check --status || fail "the SHA-256 of $4 is not $3"
  # shellcheck disable=SC2016
  found=$(dpkg-deb --show --showformat='${Package} ${Version}' "$work/$1.deb")
  [ "$found" = "$1 $2" ] || fail "$4 is the package $found, not $1 $2"
  packages="$packages $work/$1.deb"
}

start_service() { # UNIT
  systemctl enable --quiet "$1"
  case " $running " in
    *" $1 "*) [ ! -e "$changed" ] || systemctl restart "$1" ;;
    *) systemctl start "$1" ;;
  esac
}

command -v curl >/dev/null || retry apt_install curl ca-certificates
retry from_metadata "$work/manifest" attributes/dti-manifest
while read -r kind first second third fourth; do
  case $kind in
    file) place_file "$first" "$second" "$third" ;;
    pgpass) place_pgpass "$first" "$second" "$third" ;;
    package) fetch_package "$first" "$second" "$third" "$fourth" ;;
    service)
      services="$services $first"
      ! systemctl is-active --quiet "$first" 2>/dev/null || running="$running $first"
      ;;
    *) fail "the manifest has a line that is not known: $kind $first" ;;
  esac
done <"$work/manifest"

# The files are there before the packages, so that the first start of a service has its settings.
if [ -n "$packages" ]; then
  # apt reads the packages as another user.
  chmod 755 "$work"
  # shellcheck disable=SC2086  # a list of files
  chmod 644 $packages
  : >"$changed"
  # shellcheck disable=SC2086  # a list of files
  retry apt_install $packages
fi
if [ -d /run/systemd/system ]; then
  for service in $services; do start_service "$service"; done
else
  say "systemd does not run here: it would start$services"
fi
rm -f "$changed"
say "done"
