#!/bin/sh
# Makes the keys of the servers, the faculties and the programs, unless they are there, and libpq's password files. Each
# folder below /run/dti is a volume, which only the services that need it have. The user 10001 of the images owns the secret
# files, because libpq and dti accept no others; root owns the lists of keys, so that no service changes whom it lets in.
set -eu
umask 022
cd /run/dti

# key FOLDER NAME: makes FOLDER/NAME.key.
key() {
  [ -e "$1/$2.key" ] || (cd "$1" && dtictl key new "$2" >/dev/null 2>&1)
  chown 10001:10001 "$1/$2.key"
}
public() { dtictl key public "$1" | cut -d' ' -f1; }
# let_in LIST ROLE KEY-FILE: adds the public half of the key to the list.
let_in() {
  [ -e "$1" ] || : >"$1"
  dtictl key list --keys="$1" --format=csv --columns=public-key | grep -qx "$(public "$3")" ||
    dtictl key add --keys="$1" --role="$2" "$(dtictl key public "$3")" >/dev/null
}
# password_file FOLDER ROLE SECRET
password_file() {
  printf 'database:5432:dti:%s:%s\n' "$2" "$(cat "/run/secrets/$3")" |
    install --owner=10001 --group=10001 --mode=0600 /dev/stdin "$1/pgpass"
}

key servers dti # both servers have one key
key programs programs
for folder in faculties/*; do
  faculty=${folder##*/}
  key "$folder" "$faculty"
  let_in servers/keys.toml "faculty:$faculty" "$folder/$faculty.key"
  let_in "$folder/keys.toml" office programs/programs.key
  printf '%s\n' 'listen = "curve://0.0.0.0:5000"' "key = \"/run/dti/$faculty.key\"" 'keys = "/run/dti/keys.toml"' \
    "server-key = \"$(public servers/dti.key)\"" >"$folder/faculty.toml"
  public "$folder/$faculty.key" >"programs/$faculty"
done
password_file servers dti_app db-password
password_file owner dti_owner db-owner-password
