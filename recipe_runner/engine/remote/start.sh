# The file `start` in a step's private directory, after assignments of `boot` (bash code) and `name` (the recipe's).
# Runs the step in a process group of its own, and writes to the pipe `status` how it ended: `wait` and the status as
# wait(2) gives it, where there is a perl to see it, then `code` and the shell's idea of it.

# shellcheck disable=SC2016 # the quoted code is for other shells and for perl

directory=${BASH_SOURCE[0]%/*}
exec 3<"$directory/source" 4<"$directory/prologue" 5<>"$directory/state" 8<>"$directory/status"
rm -f -- "$directory/start" "$directory/source" "$directory/prologue" "$directory/state"
export RECIPE_OUTPUT=$directory/output
env -0 >"$directory/environ" || exit # whoever finds it empty takes the step for one that never began
lead='printf %s "$$" >"$1" && shift && exec "$@"'
follow='
    open my $status, ">&=", 8;
    @SIG{qw(HUP INT QUIT TERM)} = ("IGNORE") x 4;
    $child = fork() // exit 126;
    if (!$child) {
        @SIG{qw(HUP INT QUIT TERM)} = ("DEFAULT") x 4;
        close $status;
        exec { $ARGV[0] } @ARGV or exit 127;
    }
    waitpid $child, 0;
    print $status "wait $?\n";
    close $status;
    exit($? >> 8 || $? & 127);
'
step=(bash --norc --noprofile -c "$boot" "$name")
if command -v perl >/dev/null; then
    step=(perl -e "$follow" -- "${step[@]}")
else
    lead="exec 8>&-; $lead"
fi
set -m
trap : HUP INT QUIT TERM
trap '' TSTP
exec 9>&2
[[ -t 2 ]] || exec 2>/dev/null # on a terminal, descriptor 2 is the one that bash hands the terminal over with
bash --norc --noprofile -c "$lead" lead "$directory/group" "${step[@]}" 2>&9 9>&-
printf 'code %d\n' "$?" >&8
