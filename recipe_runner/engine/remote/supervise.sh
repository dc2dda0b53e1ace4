# Read by bash from standard input on the host of a step. Keeps the step's private directory, passes signals on to its
# process group, and hands its result over. When the connection is gone, or silent for too long, it ends the group.
#
# Standard input: this text; then, each ended by a NUL: a mark, the seconds of patience, the most bytes of `output` that
# are wanted, and the files `prologue`, `source` and `start`; then orders, one a line: a signal's name, `finish`, or
# nothing (the other side is still there). Standard output, each line begun by the mark: `ready DIRECTORY`; `over STATUS`;
# `result SIZE SIZE SIZE` and as many bytes of `output`, `state` and `environ`; -1 where that is no file (any more).

signal_group() {
    local try
    for ((try = 0; try < 20; try++)); do
        [[ -s $directory/group || -e $directory/source ]] && break
        sleep 0.1
    done
    [[ -s $directory/group ]] && kill -s "$1" -- "-$(<"$directory/group")"
} 2>/dev/null

end_group() {
    local signal try
    rm -f -- "$directory/start"
    for signal in INT TERM KILL; do
        signal_group "$signal" || return 0
        for ((try = 0; try < 20; try++)); do
            sleep 0.1
            signal_group 0 || return 0
        done
    done
}

report() {
    local at sizes=() files=("$directory/output" /dev/fd/6 "$directory/environ")
    for at in 0 1 2; do
        sizes[at]=-1
        [[ -f ${files[at]} ]] && sizes[at]=$(wc -c 2>/dev/null <"${files[at]}" || echo -1)
    done
    ((sizes[0] > most)) && sizes[0]=$most
    printf '\n%s result %d %d %d\n' "$mark" "${sizes[@]}"
    for at in 0 1 2; do
        ((sizes[at] > 0)) && head -c "${sizes[at]}" -- "${files[at]}" 2>/dev/null
    done
}

supervise() {
    local mark patience most name order base
    directory=
    IFS= read -r -d '' mark && IFS= read -r -d '' patience && IFS= read -r -d '' most || return
    if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then
        echo "bash here is $BASH_VERSION; wanted 4.4 or later" >&2
        return 1
    fi
    umask 077
    trap '' HUP INT TERM PIPE
    for base in /dev/shm "${TMPDIR:-/tmp}" /tmp; do
        directory=$(mktemp -d "$base/recipe.XXXXXXXXXX" 2>/dev/null) && break
    done
    [[ -n $directory ]] || {
        echo "no private directory can be made in /dev/shm or /tmp" >&2
        return 1
    }
    trap 'rm -rf -- "$directory"' EXIT
    : >"$directory/output"
    exec 6<>"$directory/state" || return # from here on it needs no name, which `start` takes away: secrets may be in it
    mkfifo -- "$directory/status" || return
    for name in prologue source start; do
        IFS= read -r -d '' order || return
        printf %s "$order" >"$directory/$name" || return
    done
    printf '\n%s ready %s\n' "$mark" "$directory"
    {
        IFS= read -r order <"$directory/status"
        printf '\n%s over %s\n' "$mark" "$order"
    } </dev/null 2>/dev/null &
    while IFS= read -r -t "$patience" order; do
        case $order in
            '') ;;
            finish)
                report
                kill -s KILL "$!" 2>/dev/null
                return
                ;;
            *) signal_group "$order" ;;
        esac
    done
    end_group
    kill -s KILL "$!" 2>/dev/null
}

supervise; exit # on one line: what follows on standard input is never read as code
