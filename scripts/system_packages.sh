#!/bin/sh
# Installs the Debian packages named if they are missing. Without the right to, it names them and stops.
set -eu

if ! command -v dpkg-query >/dev/null; then
    echo "这不是 Debian 系统，请自行确认已安装相当于以下软件包的内容：$*"
    exit 0
fi
missing=
for package in "$@"; do
    dpkg-query -W -f='${Status}\n' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

refuse() {
    echo "缺少系统软件包：$missing" >&2
    echo "$1，请运行以下命令后重试：" >&2
    echo "    sudo apt-get update && sudo apt-get install --no-install-recommends$missing" >&2
    exit 1
}

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    refuse "当前账号无权安装"
fi
echo "安装系统软件包：$missing"
apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" </dev/null
}
# shellcheck disable=SC2086
{ apt update && apt install -y --no-install-recommends $missing >/dev/null; } || refuse "自动安装没有成功"
