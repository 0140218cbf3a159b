#!/bin/sh
# Makes .venv hold what the lock file named on the command line says; does nothing if it already does.
set -eu
cd "$(dirname "$0")/.."
lock=$1
python=${PYTHON:-python3}

mkdir -p var
exec 9>var/.environment.lock
flock 9 # two commands may start at once

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "需要 Python 3.11 或更新的版本；可用 PYTHON=python3.12 make … 指定。" >&2
    exit 1
fi
stamp=.venv/.installed-$lock
state() { .venv/bin/python -VV && cat "$lock" scripts/installer.lock | sha256sum; }
if wanted=$(state 2>/dev/null) && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

echo "准备 Python 环境（$lock）……"
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    "$python" -c 'import ensurepip, venv' 2>/dev/null || sh scripts/system_packages.sh python3-venv
    "$python" -m venv --clear .venv # also over one that was interrupted half-way
fi
pip="env PIP_DISABLE_PIP_VERSION_CHECK=1 .venv/bin/python -m pip install --quiet --require-hashes"
# uv is several times faster; pip reads the same file, and its own settings (a mirror, a proxy), where uv cannot be had.
if $pip -r scripts/installer.lock &&
    .venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r "$lock"; then
    :
else
    echo "uv 安装没有成功，改用 pip……"
    $pip -r "$lock"
fi
state >"$stamp"
