# Boots systemd in namespaces, for the checks of the packages. It needs claims.sh, and in `work` a folder that is not in
# /tmp, where a booted system may mount another file system.
init=
network=(unshare --net) # a command that runs another one in the network of the next system

# boot FOLDER: boots the system whose files are in FOLDER, a mount point, with its own processes, mounts and control
# group. `init` is then its first process.
# shellcheck disable=SC2016  # the inner shell expands it
boot() {
  local group=$work/cgroup/$(basename "$1")
  init=
  mkdir -p "$work/cgroup"
  mountpoint -q "$work/cgroup" || mount -t cgroup2 cgroup2 "$work/cgroup" || return 1
  mkdir -p "$group" || return 1
  (echo "$BASHPID" >"$group/cgroup.procs" && exec "${network[@]}" unshare --mount --pid --ipc --uts --cgroup --fork \
    --kill-child bash -ec '
    mount --make-rprivate /
    cd "$1"
    mount -t proc proc proc
    mount -t sysfs -o ro sysfs sys
    mount -t cgroup2 cgroup2 sys/fs/cgroup
    mount -t tmpfs -o mode=755 tmpfs run
    mount -t tmpfs -o mode=755 tmpfs dev
    for device in null zero full random urandom tty; do
      touch "dev/$device"
      mount --bind "/dev/$device" "dev/$device"
    done
    mkdir dev/shm dev/pts
    mount -t tmpfs tmpfs dev/shm
    mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
    ln -s pts/ptmx dev/ptmx
    ln -s /proc/self/fd dev/fd
    mkdir -p before
    pivot_root . before
    umount -l before
    mount --make-rshared /  # systemd passes credentials to its services through a shared mount
    exec env -i container=dti PATH=/usr/sbin:/usr/bin:/sbin:/bin /sbin/init systemd.unit=multi-user.target' boot "$1") \
    >"$work/boot.log" 2>&1 </dev/null &
  until_true 60 find_init $! && until_true 120 has_booted
}
find_init() { init=$(pgrep --parent "$1" --full '^/sbin/init'); }
has_booted() { [[ $(inside systemctl is-system-running 2>/dev/null) =~ ^(running|degraded)$ ]]; }
# cannot_boot: ends the checks, because systemd cannot run here.
cannot_boot() {
  echo "$(basename "$0"): systemd does not start here:" >&2
  cat "$work/boot.log" >&2 2>/dev/null
  exit 77
}
# shut_down INIT...: ends the systems with these first processes.
shut_down() {
  kill -KILL "$@"
  wait
  umount "$work/cgroup"
}

# What runs in the system of `init`.
inside() { nsenter --all --target "$init" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root "$@"; }
dpkg_inside() { inside env DEBIAN_FRONTEND=noninteractive dpkg --force-confold "$@"; }
property() { inside systemctl show --property="$1" --value dti-server; }
is_property() { [ "$(property "$1")" = "$2" ] || { inside systemctl status --no-pager dti-server; return 1; }; }
# answers PORT PATH: over HTTP, with status 200.
answers() { inside bash -c "$(declare -f http_status); http_status $1 $2" | grep 'HTTP/1.1 200 '; }
