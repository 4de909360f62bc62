#!/bin/sh
# Prepares a VM at each boot: writes files and a password, installs packages, starts services. The attribute dti-manifest
# of the VM lists them, one a line:
#   disk DEVICE PATH                          a disk, mounted at the path; one without content gets a file system first
#   file ATTRIBUTE MODE PATH                  the file has the content of that attribute of the VM
#   debian NAME                               a package of Debian's own archive; it is installed before the lines below
#   secret SECRET MODE OWNER PATH             the file has the content of the secret in Secret Manager
#   pgpass SECRET PREFIX PATH                 libpq's password file: the prefix, and the password in Secret Manager
#   package NAME VERSION SHA256 BUCKET/OBJECT a Debian package in Cloud Storage
#   service UNIT                              a service of systemd; a change restarts it
#   start UNIT                                the same, but a change does not restart it, an operator does; a start that
#                                             fails, because other VMs or their names are not there yet, is tried again
#   run USER PROGRAM                          a program to run as that user, after the services have started
# It changes nothing that is as it should be. Google runs it as root, without variables; these are for tests:
# GCE_METADATA_HOST, DTI_SECRETS_URL, DTI_STORAGE_URL, DTI_TRIES, DTI_PAUSE.
set -eu
umask 077

# One run at a time: an operator may run it during a boot. flock holds the lock, so that no service inherits it.
[ -n "${DTI_STARTUP_LOCKED:-}" ] || DTI_STARTUP_LOCKED=yes exec flock --close /run/dti-startup.lock sh "$0"

metadata=http://${GCE_METADATA_HOST:-metadata.google.internal}/computeMetadata/v1/instance
secrets=${DTI_SECRETS_URL:-https://secretmanager.googleapis.com}
storage=${DTI_STORAGE_URL:-https://storage.googleapis.com}
tries_max=${DTI_TRIES:-60}
pause=${DTI_PAUSE:-5} # seconds
# It exists while a change was not followed by a start of the services, also after a run that has failed.
changed=/run/dti-startup.changed

work=$(mktemp -d)
policy=/usr/sbin/policy-rc.d # while it exists, no package starts a service
policy_mark='# of dti-startup'
# end_policy: removes ours, which may be empty after a loss of power. The policy of an administrator stays.
end_policy() { if [ ! -s "$policy" ] || grep -qxF "$policy_mark" "$policy"; then rm -f "$policy"; fi; }
trap 'rm -rf "$work"; end_policy' EXIT
trap 'exit 1' HUP INT TERM
end_policy # of a run that the end of the VM has cut off
running='' debian='' packages='' services='' kept='' programs=''

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

# place SOURCE MODE PATH [OWNER]: the file gets the content of SOURCE, in one step.
place() {
  (umask 022 && mkdir -p "$(dirname "$3")")
  owner=${4:-root:root}
  if cmp -s "$1" "$3" && [ "$(stat --format='%a %U:%G' "$3")" = "${2#0} $owner" ]; then
    return 0
  fi
  new=$(mktemp "$3.XXXXXX")
  cat "$1" >"$new"
  chown "$owner" "$new"
  chmod "$2" "$new"
  : >"$changed"
  mv -f "$new" "$3"
  say "wrote $3"
}

place_file() { # ATTRIBUTE MODE PATH
  retry from_metadata "$work/file" "attributes/$1"
  place "$work/file" "$2" "$3"
}

fetch_secret() { # SECRET: to the file password
  retry as_vm "$work/secret" "$secrets/v1/$1/versions/latest:access"
  field data <"$work/secret" | base64 -d >"$work/password" || fail "the secret $1 is not as Secret Manager sends it"
  [ -s "$work/password" ] || fail "the secret $1 is empty"
}

place_secret() { # SECRET MODE OWNER PATH
  fetch_secret "$1"
  place "$work/password" "$2" "$4" "$3"
}

place_pgpass() { # SECRET PREFIX PATH
  fetch_secret "$1"
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

install_debian() { # those of `debian` that are missing, without a start of their services
  for name in $debian; do
    # shellcheck disable=SC2016  # a template of dpkg-query
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$name" 2>/dev/null)" != installed ] || continue
    : >"$changed"
    [ -e "$policy" ] || (umask 022 && printf '#!/bin/sh\n%s\nexit 101\n' "$policy_mark" >"$policy" && chmod 755 "$policy")
    # shellcheck disable=SC2086  # a list of names
    retry apt_install $debian
    break
  done
  end_policy
  debian=''
}

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

# is_in LIST WORD
is_in() { case " $1 " in *" $2 "*) ;; *) return 1 ;; esac }

start_service() { # UNIT
  systemctl enable --quiet "$1"
  if ! is_in "$running" "$1"; then
    if is_in "$kept" "$1"; then retry systemctl start "$1"; else systemctl start "$1"; fi
  elif [ ! -e "$changed" ]; then
    return 0
  elif is_in "$kept" "$1"; then
    say "$1 runs with old files or packages: restart it when it may stop"
  else
    systemctl restart "$1"
  fi
}

# grow DEVICE: the file system fills a disk that has become larger.
grow() { resize2fs "$1" >/dev/null 2>&1 || say "the file system on $1 did not grow"; }

mount_disk() { # DEVICE PATH
  device=/dev/disk/by-id/google-$1
  if mountpoint --quiet "$2"; then
    grow "$device"
    return 0
  fi
  retry test -b "$device"
  found=0
  blkid --probe "$device" >"$work/found" || found=$?
  case $found in
    0) ;;
    2) # It says so too of what it cannot read or does not know. A new disk is all zeros.
      cmp -s -n 16777216 "$device" /dev/zero || fail "the disk $1 has neither a file system nor zeros; it was not formatted"
      mkfs.ext4 -q "$device" </dev/null
      say "made a file system on $device"
      ;;
    *) fail "the content of the disk $1 is not clear; it was not mounted" ;;
  esac
  (umask 022 && mkdir -p "$2")
  # Without the disk, the VM starts, and the services that need it do not.
  grep -q "^$device " /etc/fstab || echo "$device $2 ext4 discard,nofail 0 2" >>/etc/fstab
  : >"$changed"
  mount "$2"
  grow "$device"
  say "mounted $2"
}

command -v curl >/dev/null || retry apt_install curl ca-certificates
retry from_metadata "$work/manifest" attributes/dti-manifest
while read -r kind first second third fourth; do
  case $kind in
    disk) mount_disk "$first" "$second" ;;
    file) place_file "$first" "$second" "$third" ;;
    debian) debian="$debian $first" ;;
    secret)
      install_debian # it creates users and groups
      place_secret "$first" "$second" "$third" "$fourth"
      ;;
    pgpass) place_pgpass "$first" "$second" "$third" ;;
    package) fetch_package "$first" "$second" "$third" "$fourth" ;;
    service | start)
      services="$services $first"
      [ "$kind" = service ] || kept="$kept $first"
      ! systemctl is-active --quiet "$first" 2>/dev/null || running="$running $first"
      ;;
    run) programs="$programs $first:$second" ;;
    *) fail "the manifest has a line that is not known: $kind $first" ;;
  esac
done <"$work/manifest"
install_debian

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
  [ ! -e "$changed" ] || systemctl daemon-reload
  for service in $services; do start_service "$service"; done
  for program in $programs; do
    user=${program%%:*}
    retry setpriv --reuid="$user" --regid="$user" --init-groups --reset-env "${program#*:}" >&2 </dev/null
  done
else
  say "systemd does not run here: it would start$services"
fi
rm -f "$changed"
say "done"
