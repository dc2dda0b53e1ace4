#!/usr/bin/env bash
# Judges the journal of a run without the program that wrote it: jq, coreutils, and gpgv or ssh-keygen.
#
# Usage: verify-journal.sh RUN KEYRING.gpg FINGERPRINT [MORE]...
#        verify-journal.sh RUN ALLOWED_SIGNERS SHA256:FINGERPRINT [MORE]...
#   RUN              directory of the run
#   KEYRING.gpg      certificates as `gpg --export FINGERPRINT... > KEYRING.gpg` writes them (not armored)
#   FINGERPRINT      of the primary key that may sign, 40 hexadecimal digits
#   ALLOWED_SIGNERS  a file for `ssh-keygen -Y verify -f`, with a line such as `me@example.org ssh-ed25519 AAAA...`
#   SHA256:...       fingerprint of the SSH key that may sign, as `ssh-keygen -l` prints it
# MORE is any of these, in any order:
#   [ROLE=]APPROVER  fingerprint of somebody who may approve steps, with a role where one is asked for; an argument each.
#                    The roles of FINGERPRINT itself are given in the same way.
#   --signer [ROLE=]FINGERPRINT  somebody else who may sign, with a role. Beside others, the roles of FINGERPRINT itself
#                    are given in this way too, unless it may approve what they run.
#   --keys FILE      keys of the other kind, where people have both: ALLOWED_SIGNERS beside KEYRING.gpg, or that beside it
# With TSA_CA=FILE in the environment, a file with the certificates of a time-stamping authority (PEM), openssl judges
# the timestamps beside the journal too; what they prove is printed below the verdict and does not change it.
# Exit code: 0 VALID, 1 INVALID, 2 INCOMPLETE, 3 UNTRUSTED, 4 no verdict.
#
# The rules are those of docs/reference/journal-format.md; the numbers in brackets below are its sections. All text in
# a journal is printable ASCII, and nothing of it is printed here.
set -uo pipefail
export LC_ALL=C

no_verdict() { echo "verify-journal: $*" >&2; exit 4; }
invalid() { echo "INVALID  $*"; exit 1; }
untrusted=() incomplete=()

[ $# -ge 3 ] || no_verdict "usage: verify-journal.sh RUN KEYRING.gpg FINGERPRINT [[ROLE=]APPROVER]... [--signer [ROLE=]FINGERPRINT] [--keys FILE]"
run=${1%/} trusted=$3
journal=$run/journal.jsonl
declare -A keys=()
if [[ $trusted == SHA256:* ]]; then
    kind=ssh other=openpgp
    [[ $trusted =~ ^SHA256:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]$ ]] || no_verdict "the SSH fingerprint must be whole"
else
    kind=openpgp other=ssh
    trusted=${trusted^^}
    [[ $trusted =~ ^[0-9A-F]{40}$ ]] || no_verdict "FINGERPRINT must have 40 hexadecimal digits"
fi
keys[$kind]=$2
shift 3
approvers='' approving='{}'
while [ $# -gt 0 ]; do
    option=
    case $1 in
        --keys | --signer)
            [ $# -ge 2 ] || no_verdict "$1 has nothing behind it"
            option=$1
            shift
            ;;
    esac
    if [ "$option" = --keys ]; then
        [ -z "${keys[$other]-}" ] || no_verdict "--keys is for one file"
        keys[$other]=$1
    else
        [[ $1 =~ ^(([A-Za-z0-9][A-Za-z0-9._@+-]*)=)?([0-9A-Fa-f]{40}|SHA256:[A-Za-z0-9+/]{43})$ ]] ||
            no_verdict "people are given as [ROLE=]FINGERPRINT"
        who=${BASH_REMATCH[3]} role=${BASH_REMATCH[2]}
        [[ $who == SHA256:* ]] || who=${who^^}
        if [ "$option" = --signer ]; then
            trusted+=" $who"
        else
            approvers+=" $who"
        fi
        approving=$(jq -c --arg who "$who" --arg role "$role" '.[$who] += [$role]' <<<"$approving")
    fi
    shift
done
[[ " $trusted$approvers" != *" SHA256:"* || -n ${keys[ssh]-} ]] || no_verdict "--keys must name the SSH keys"
[[ ! " $trusted$approvers" =~ " "[0-9A-F]{40} || -n ${keys[openpgp]-} ]] || no_verdict "--keys must name the certificates"
judges=()
for kind in "${!keys[@]}"; do
    [[ -f ${keys[$kind]} && -r ${keys[$kind]} ]] || no_verdict "cannot read ${keys[$kind]}"
    [[ ${keys[$kind]} == */* ]] || keys[$kind]=./${keys[$kind]}
    if [ "$kind" = ssh ]; then judges+=(ssh-keygen); else judges+=(gpgv); fi
done
[[ -f $journal && -r $journal && ! -L $journal ]] || no_verdict "cannot read $journal"
for tool in jq "${judges[@]}" sha256sum base64 od head; do
    command -v "$tool" >/dev/null || no_verdict "$tool is not installed"
done
work=$(mktemp -d) || no_verdict "cannot make a temporary directory"
trap 'rm -r "$work"' EXIT

sum() { local digest; digest=$("${1:-sha256sum}") && printf '%s' "${digest%% *}"; }

# [2] Lines: whole ones only, none longer than 256 KiB; a torn last line is set aside.
mapfile -t lines <"$journal"
[[ $(jq -Rs 'endswith("\n")' <"$journal") == true ]] || {
    if [ ${#lines[@]} -gt 0 ]; then
        [ ${#lines[-1]} -le 262144 ] || invalid "record $((${#lines[@]} - 1)): too long"
        incomplete+=("the last line is torn")
        unset 'lines[-1]'
    fi
}
whole=0
for ((i = 0; i < ${#lines[@]}; i++)); do
    [ ${#lines[i]} -lt 262144 ] || invalid "record $i: too long"
    whole=$((whole + ${#lines[i]} + 1))
done
[ ${#lines[@]} -le 1000000 ] || invalid "more than a million records"
head -c "$whole" "$journal" >"$work/lines"

# [2] Canonical form: jq, sorting keys and escaping all but ASCII, must write the same bytes again.
[[ $(jq -cSa . <"$work/lines" 2>/dev/null | sum) == "$(sum <"$work/lines")" ]] ||
    invalid "a line is not canonical JSON"

# [3] [4] What each type of line must hold, and in which order lines may come. Prints the first fault, or a row for each
# seal: record, reason, clocks, fingerprints, bytes of the signature, bytes of its checksum, statement; then the files.
fields='{
"abort":{"final?":"boolean","reason":"string"},
"approval":{"certificate?":"object or null","sig":"string","stmt":"string"},
"close":{"done":"number","outcome":["done","failed","abandoned"],"skipped":"number","total":"number"},
"confirm":{"by?":"string","choice":"string","item?":"string or null","question":"string","step":"string","text?":"string"},
"deviation":{"digest?":"string or null","kind":["precondition","skipped","accepted","kept","edited","back","left-out","rolled-back"],"reason":"string","step?":"string or null","what":"string"},
"genesis":{"acting?":"list of string","actions?":"object of string","approvals?":"object of number","approvers?":"object of string","boot_id?":"string","directory?":"string","format?":"string","host?":"string","includes?":"list of object","mode?":"string","operator?":"string","params?":"object","prev_run":"any","recipe":"object","roles?":"object of string","run":"string","sealing":"any","secrets?":"list of string","signer":"any","steps":"list of object of string","tool?":"object of string","undoes?":"string or null"},
"note":{"step?":"string or null","text":"string"},
"precondition":{"detail?":"string","kind":"string","outcome":["met","unmet","overridden"],"text":"string"},
"recover":{"begun?":"list of object","file":"string","sha256":"string","signer":"any","size":"number"},
"request":{"attempt?":"number","command":"string","details?":"list of string","digest":"string","expires":"string","host?":"string","items?":"list of string","kind?":"string","needed?":"number","operator?":"string","params?":"object","recipe":"object","repeats?":"boolean","role?":"string or null","run":"string","signer":"any","step":"string"},
"resume":{"acting?":"list of string","approvals?":"object of number","approvers?":"object of string","boot_id?":"string","changed?":"list of string","host?":"string","includes?":"list of object","mode?":"string","operator?":"string","recipe?":"object","roles?":"object of string","session":"number","signer":"any"},
"seal":{"sig":"any","stmt":"any"},
"skip":{"item?":"string or null","kind":["not-applicable","skipped","done","already-done","accepted"],"reason":"string","step":"string"},
"step_end":{"attempt?":"number","blobs?":"object","duration_ms?":"number","exit_code?":"number or null","item?":"string or null","outcome?":["ok","failed","timeout","interrupted","lost"],"outputs?":"object","role?":["check","run","verify","undo","shell"],"signal?":"string or null","step":"string"},
"step_start":{"attempt?":"number","command?":"string","digest?":"string","host?":"string or null","item?":"string or null","kind?":"string","role?":["check","run","verify","undo","shell"],"step":"string"},
"witness":{"address":"string","detail?":"string","kind":"string","outcome":["attested","failed"],"receipt?":"object","records":"number","supplier?":"string"}
}'
# shellcheck disable=SC2016 # the dollars are jq's
rules='
def hex($n): type == "string" and test("\\A[0-9a-f]{\($n)}\\z");
def openpgp: type == "string" and test("\\A[0-9A-F]{40}\\z");
def ssh: type == "string" and test("\\ASHA256:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]\\z");
def fault($n; $why): "fault \($n) \($why)";
def value: if . >= 97 then . - 71 elif . >= 65 then . - 65 elif . >= 48 then . + 4 elif . == 43 then 62 else 63 end;
def octets:
    (length - (sub("=*\\z"; "") | length)) as $pad
    | [explode | map(if . == 61 then 0 else value end) | _nwise(4)
       | ((.[0] * 64 + .[1]) * 64 + .[2]) * 64 + .[3]
       | (. / 65536 | floor), (. / 256 | floor) % 256, . % 256]
    | if $pad == 0 then . elif [.[-$pad:][]] | add == 0 then .[:-$pad] else error("padding") end;
def armor: capture("\\A-----BEGIN PGP SIGNATURE-----\n\n(?<body>([A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{1,64}={0,2})\n=(?<crc>[A-Za-z0-9+/]{4})\n-----END PGP SIGNATURE-----\n\\z");
def signature: (armor // error("armor")) | (.body | gsub("\n"; "")) as $body
    | if ($body | length) % 4 != 0 or ($body[:-2] | test("=")) or (.body | split("\n") | map(length) | any(. > 64)) then error("armor")
      else "\($body | octets | map(tostring) | join(" "))|\(.crc | octets | map(tostring) | join(" "))" end;
def ssh_armor: capture("\\A-----BEGIN SSH SIGNATURE-----\n(?<body>([A-Za-z0-9+/]{70}\n)*[A-Za-z0-9+/]{1,70}={0,2})\n-----END SSH SIGNATURE-----\n\\z");
def ssh_signature: (ssh_armor // error("armor")) | (.body | gsub("\n"; "")) as $body
    | if ($body | length) % 4 != 0 or ($body[:-2] | test("=")) or (.body | split("\n") | map(length) | any(. > 70)) then error("armor")
      else "\($body | octets | map(tostring) | join(" "))|" end;
def seal_signature($by): if ($by | ssh) then ssh_signature else signature end;
def plain: ([paths(type == "array" or type == "object") | length] | max // 0) < 32
      and ([.. | numbers] | all((tostring | test("\\A(0|-?[1-9][0-9]*)\\z")) and fabs < 9007199254740992))
      and (keys | all(test("\\A[a-z0-9_]{1,64}\\z")))
      and ([.[] | .. | objects | keys[]] | all(test("\\A[A-Za-z0-9_.:/@+-]{1,256}\\z")));
def moment: type == "string" and test("\\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z\\z");
def envelope: (.prev | hex(64)) and (.t | type == "string") and (.mono_ns | type == "string" and test("\\A(0|[1-9][0-9]{0,18})\\z"))
    and (.ts | moment);
def certificate: .certificate == null or (.certificate | type == "object" and keys == ["sha256", "size"] and (.sha256 | hex(64))
    and (.size | type == "number" and . >= 0));
def signer: type == "object" and (keys == ["primary", "signing"])
    and (((.primary | openpgp) and (.signing | openpgp)) or ((.primary | ssh) and .signing == .primary));
def count: type == "number" and . >= 1 and . <= 10000;
def gates: .gates | type == "array" and all(type == "string") and . == unique;
def checkpoints: type == "object" and (keys == ["gates", "minutes", "steps"]) and (.steps | count) and (.minutes | count) and gates;
def every: . == "every" or (type == "object" and (keys == ["gates"]) and gates and .gates != []);
def clock: .mono_ns | [(.[:-9] | if . == "" then 0 else tonumber end), (.[-9:] | tonumber)];
def late($since; $minutes): clock as $now | ($now[0] - $since[0] - $minutes * 60) as $over
    | $over > 0 or ($over == 0 and $now[1] >= $since[1]);
def blobs: (.blobs // {}) | to_entries
    | all((.key | IN("stdout", "stderr", "timing", "state")) and (.value | type == "object" and keys == ["sha256", "size"]
          and (.sha256 | hex(64)) and (.size | type == "number" and . >= 0)));
def link: . == null or (type == "object" and keys == ["head", "records", "run"] and (.run | hex(32)) and (.head | hex(64))
    and (.records | type == "number" and . >= 1));
def receipt: (.receipt // {}) | . == {} or (type == "object" and keys == ["file", "sha256", "size"] and (.sha256 | hex(64))
    and (.size | type == "number" and . >= 0)
    and (.file | type == "string" and test("\\Awitnesses/(0|[1-9][0-9]{0,6})-[a-z0-9]+(-[0-9]+)?(\\.[a-z0-9]+)?\\z")));
def fits($form): if $form == "any" then true
    elif ($form | type) == "array" then type == "string" and IN($form[])
    elif $form | endswith(" or null") then . == null or fits($form[:-8])
    elif $form | startswith("list of ") then type == "array" and all(.[]; fits($form[8:]))
    elif $form | startswith("object of ") then type == "object" and all(.[]; fits($form[10:]))
    else type == $form end;
def shape($fields): del(.mono_ns, .n, .prev, .t, .ts) as $have
    | $fields[.t] as $known
    | $known != null and ($have | to_entries | all(.key as $name | ($known[$name] // $known[$name + "?"]) as $form
          | $form != null and (.value | fits($form))))
      and ($known | keys | all(endswith("?") or (. as $name | $have | has($name))));
# Approvals: what was asked, what was answered, and what began on the strength of it. The state is the fold below.
def who: [.signer.primary, .operator];
def session($line): .acting = ($line.acting // []) | .operator = ($line.operator // "") | reduce ($line.roles // {} | to_entries[]) as $new (.; .roles[$new.key] |= ((. // []) + [$new.value]))
    | .recipe = ($line.recipe.sha256 // .recipe) | reduce ($line.approvals // {} | to_entries[]) as $new (.;
    .demands[$new.key] |= {count: ([.count // 0, $new.value] | max), role: (.role // $line.approvers[$new.key])});
def asks($line; $first): .signer != null and $line.signer == .signer and $line.run == $first.run
    and ($line.params // {}) == ($first.params // {}) and $line.recipe.sha256 == .recipe and ($line.operator // "") == .operator
    and ($line.digest | hex(64)) and ($line.command | hex(64)) and ($line.expires | moment)
    and ($line.needed // 1) >= 1 and ($line.attempt // 1) >= 1 and ($line.attempt // 1) < 1000000000
    and ($line.step | test("\\A[a-z0-9][a-z0-9-]*\\z"));
def question: "recipe-run-approval/v1\nrun: \(.line.run)\nstep: \(.line.step)\nattempt: \(.line.attempt // 1)\ndigest: \(.line.digest)\n"
    + "command: \(.line.command)\nhead: \(.head)\nexpires: \(.line.expires)\n";
def answer: capture("\\Adecision: (?<decision>approve|deny)\napprover: (?<approver>[^\n ]+)\nkey: (?<key>[^\n ]+)\n"
    + "signed: (?<signed>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z)\nreason: [^\\x00-\\x1f\\x7f]*\n\\z");
def missing($asked; $ts): .demands[$asked.line.step] as $demand | .signers as $signers
    | if any($asked.answers[]; .decision == "deny") then "denied"
      elif $ts > $asked.line.expires then "expired"
      elif ([$asked.answers[].approver as $who | select(($who | IN($signers[]) | not) and $approving[$who] != null
             and ($demand.role == null or ($demand.role | IN($approving[$who][]))))] | length) < ($demand.count // 0)
      then "too few" else "" end;
def covers($asked; $line): $asked.line as $on
    | if ($line.item | IN($on.items[]?)) or (($on.items // []) == [] and $line.item == null) | not then false
      elif $line.t == "step_start" and ($line.digest != $on.digest or $line.command != $on.command) then false
      elif $line.t == "step_start" and $on.repeats == true and ($line.attempt // 1) >= ($on.attempt // 1) then true
      else ($line.item | IN($asked.begun[]) | not)
          and ($line.t != "step_start" or (($line.attempt // 1) as $is | ($on.attempt // 1) as $was | if $line.item == null then $is == $was else $is <= $was end)) end;
def begin($line; $i): ([$line.step, $line.item] | tojson) as $key
    | (if $line.t == "step_start" then $line.role // "run" else $line.kind end) as $how
    | .acting as $acting | who as $who | ($approving[.signer.primary // ""] // []) as $mine
    | if ($line.t == "step_start" and ($how | IN("check", "run")))
         or ($line.t == "skip" and ($how | IN("done", "already-done")) and (.started[$key] | not)) then
        (if (.roles[$line.step] // [] | all(. as $role | any($acting[]; . == $role) and any($mine[]; . == $role))) then .
         else .out += ["doubt|\($i)|a step was run by somebody without its role"] end)
        | if .asked[$line.step] != null and (.asked[$line.step].taken | not)
        then .asked[$line.step].fault = missing(.asked[$line.step]; $line.ts) | .asked[$line.step].taken = true else . end
        | .asked[$line.step] as $asked
        | (if $asked == null then "nobody was asked" elif $asked.by != $who then "somebody else asked" elif $asked.fault != "" or $how == "check" then $asked.fault
           elif covers($asked; $line) then "" else "something else" end) as $fault
        | (if $how == "check" then . else .started[$key] = true | if $asked == null then . else .asked[$line.step].begun += [$line.item] end end)
        | if $fault != "" and (.demands[$line.step].count // 0) > 0 then .out += ["doubt|\($i)|a step began without the approvals it needs"] else . end
      else . end;
def one_of($names): . as $it | any($names[]; . == $it);
def gated($line; $sealing): ($line.t | one_of(["step_start", "step_end"])) and ($sealing | type == "object") and ($line.step | one_of($sealing.gates));
# Which line a seal must follow: now, or soon, behind an intent at the latest. The state has the results since the last
# seal, and when that was.
def due($line; $sealing):
    if $line.t | one_of(["precondition", "seal"]) then "none"
    elif $sealing | every then (if $line.t == "step_end" and (gated($line; $sealing) | not) then "soon" else "now" end)
    elif ($sealing | checkpoints) and (
        ($line.t | one_of(["genesis", "recover", "resume", "request", "approval", "abort", "close"]))
        or gated($line; $sealing)
        or .ended >= $sealing.steps or (.since as $since | $line | late($since; $sealing.minutes))) then "now"
    else "none" end;
def allows($line; $sealing): .due == "none" or $line.t == "seal"
    or (.due == "soon" and $line.t == "step_start" and (gated($line; $sealing) | not));

. as $lines
| ($lines[0].sealing // null) as $sealing
| ($sealing | every or checkpoints) as $signed
| reduce range($lines | length) as $i ({signer: null, signers: [], operator: "", recipe: null, demands: {}, roles: {}, acting: [], asked: {}, started: {}, running: {}, receipts: {}, closed: false, due: "none", ended: 0, since: [0, 0], out: []};
    if .fault then . else
    $lines[$i] as $line | (if $i == 0 then "" else $lines[$i - 1].t end) as $last
    | if ($line | type != "object") or ($line | plain | not) or ($line | envelope | not) then .fault = fault($i; "not in form")
      elif $line.n != $i then .fault = fault($i; "out of order")
      elif ($line.t == "genesis") != ($i == 0) then .fault = fault($i; "genesis")
      elif allows($line; $sealing) | not then .fault = fault($i; "seal missing")
      elif .closed and ($last != "close" or $line.t != "seal") then .fault = fault($i; "after the close")
      elif ($line | shape($fields) | not) then .fault = fault($i; "not the fields of its type")
      elif $line.t == "seal" then
        .signer.signing as $by
        | if ($signed | not) or $last == "seal" or (try ($line.sig | seal_signature($by)) catch null) == null or ($line.stmt | type != "string")
          then .fault = fault($i; "seal not in form")
          else .out += ["seal|\($i)|\($last)|\($line.ts)|\($line.mono_ns)|\(.signer.primary)|\($by)|\($line.sig | seal_signature($by))|\([$line.sig] | @tsv)|\([$line.stmt] | @tsv)"] end
      else
        (if ["genesis", "recover", "resume"] | index($line.t) then
            if $signed and ($line.signer | signer) then .signer = $line.signer | .signers += [$line.signer.primary]
            elif $sealing == "none" and $line.signer == null then .
            else .fault = fault($i; "signer") end
         else . end)
        | if $line.t == "genesis" then
            if ($line.format // "recipe-run-journal/v1") != "recipe-run-journal/v1" or ($line.run | hex(32) | not) or ($line.prev_run | link | not)
            then .fault = fault(0; "format") else session($line) end
          elif $line.t == "resume" then session($line)
          elif $line.t == "request" then
            if asks($line; $lines[0]) then .asked[$line.step] = {$line, by: who, head: $lines[$i + 1].prev, answers: {}, taken: false, fault: "", begun: []}
            else .fault = fault($i; "request") end
          elif $line.t == "approval" then
            [.asked[] | select(.taken | not) | question as $question | select($line.stmt | startswith($question))
             | {step: .line.step, answers} + (try ($line.stmt | ltrimstr($question) | answer) catch {})][0] as $said
            | .signers as $signers
            | if $said.approver == null or ({primary: $said.approver, signing: $said.key} | signer | not) or ($said.approver | IN($signers[])) or ($said.answers | has($said.approver))
                 or (try ($line.sig | seal_signature($said.key)) catch null) == null or ($line | certificate | not)
              then .fault = fault($i; "approval")
              else .asked[$said.step].answers[$said.approver] = $said
                | .out += ["approval|\($i)||||\($said.approver)|\($said.key)|\($line.sig | seal_signature($said.key))|\([$line.sig] | @tsv)|\([$line.stmt] | @tsv)"]
                | if $line.certificate then .out += [$line.certificate | "file|\($i)|blobs/\(.sha256)|\(.sha256)|\(.size)"] else . end end
          elif $line.t == "skip" then begin($line; $i)
          elif $line.t == "step_start" then begin($line; $i) | .running[[$line.step, $line.item, ($line.role // "run")] | tojson] = true
          elif $line.t == "step_end" then
            ([$line.step, $line.item, ($line.role // "run")] | tojson) as $key
            | if (.running[$key] | not) then .fault = fault($i; "an end without a beginning")
              elif ($line | blobs | not) then .fault = fault($i; "blobs")
              else del(.running[$key]) | .out += [($line.blobs // {})[] | "file|\($i)|blobs/\(.sha256)|\(.sha256)|\(.size)"] end
          elif $line.t == "recover" then
            if ($line.sha256 | hex(64)) and $line.file == "set-aside-" + $line.sha256
            then .out += ["file|\($i)|\($line.file)|\($line.sha256)|\($line.size)"] else .fault = fault($i; "recover") end
          elif $line.t == "witness" then
            if ($line | receipt | not) or (.receipts[$line.receipt.file // ""]) then .fault = fault($i; "witness")
            elif ($line.receipt // {}) == {} then .
            else .receipts[$line.receipt.file] = true
                | .out += ["file|\($i)|\($line.receipt.file)|\($line.receipt.sha256)|\($line.receipt.size)"] end
          elif $line.t == "close" then .closed = true
          else . end
      end
    | if .fault then . else
        (if $line.t == "seal" then .ended = 0 | .since = ($line | clock) elif $line.t == "step_end" then .ended += 1 else . end)
        | .due = due($line; $sealing)
      end
    end)
| if .fault then .fault else .out[],
    (if .closed then empty else "open" end),
    (if $lines == [] then empty else "run|\($lines[0].run)|\($signed)" end) end
'
found=$(jq -rs --argjson fields "$fields" --argjson approving "$approving" "$rules" <"$work/lines" 2>"$work/error") || invalid "the journal breaks a rule"

# [5] The form of a signature, so that no bit of the last seal is free; gpgv alone does not insist on it.
# Arguments: the signing key's fingerprint, the statement, the packet's bytes, the checksum's bytes.
in_form() {
    local signing=$1 said=$2 crc=$((0xB704CE)) at size byte _ hashed unhashed escaped='' tool digest bits octets
    local -a p c
    read -ra p <<<"$3"
    read -ra c <<<"$4"
    for byte in "${p[@]}"; do
        crc=$((crc ^ byte << 16))
        for _ in 1 2 3 4 5 6 7 8; do
            crc=$((crc << 1)) && ((crc & 0x1000000)) && crc=$((crc ^ 0x1864CFB))
        done
    done
    [ $((c[0] << 16 | c[1] << 8 | c[2])) -eq "$crc" ] || return 1
    case ${p[0]} in
        136) at=2 size=${p[1]} ;;
        137) at=3 size=$((p[1] << 8 | p[2])) && [ "$size" -gt 255 ] || return 1 ;;
        *) return 1 ;;
    esac
    [ ${#p[@]} -eq $((at + size)) ] || return 1
    p=("${p[@]:at}")
    hashed=$((6 + (p[4] << 8 | p[5])))
    [ "$hashed" -lt $((size - 4)) ] && [ "${p[0]}" -eq 4 ] || return 1
    unhashed=$((hashed + 2 + (p[hashed] << 8 | p[hashed + 1])))
    [ $((unhashed + 2)) -le "$size" ] || return 1
    if [ "$unhashed" -ne $((hashed + 2)) ]; then
        [ "$(printf '%02X' "${p[@]:hashed+2:unhashed-hashed-2}")" = "0910${signing:24}" ] || return 1
    fi
    for byte in "${p[@]:0:hashed}" 4 255 $((hashed >> 24 & 255)) $((hashed >> 16 & 255)) $((hashed >> 8 & 255)) $((hashed & 255)); do
        printf -v escaped '%s\\%03o' "$escaped" "$byte"
    done
    case ${p[3]} in
        8) tool=sha256sum ;;
        9) tool=sha384sum ;;
        10) tool=sha512sum ;;
        *) return 1 ;;
    esac
    digest=$({ printf '%s' "$said"; printf '%b' "$escaped"; } | sum "$tool")
    [ "${digest:0:4}" = "$(printf '%02x%02x' "${p[unhashed]}" "${p[unhashed + 1]}")" ] || return 1
    at=$((unhashed + 2))
    while [ "$at" -lt "$size" ]; do
        [ $((at + 2)) -le "$size" ] || return 1
        bits=$((p[at] << 8 | p[at + 1])) octets=0 at=$((at + 2))
        octets=$(((bits + 7) / 8))
        [ $((at + octets)) -le "$size" ] || return 1
        [ "$octets" -eq 0 ] || [ $((p[at] >> (bits - 1) % 8)) -eq 1 ] || return 1
        at=$((at + octets))
    done
}

# Splits bytes into strings, each behind its length, into `strings`. Arguments: the bytes, how many (0: any number).
split() {
    local at=0 size
    local -a b
    read -ra b <<<"$1"
    strings=()
    while [ "$at" -lt ${#b[@]} ]; do
        [ $((at + 4)) -le ${#b[@]} ] || return 1
        size=$((b[at] << 24 | b[at + 1] << 16 | b[at + 2] << 8 | b[at + 3])) at=$((at + 4))
        [ $((at + size)) -le ${#b[@]} ] || return 1
        strings+=("${b[*]:at:size}")
        at=$((at + size))
    done
    [ "$2" -eq 0 ] || [ ${#strings[@]} -eq "$2" ]
}

# Writes bytes, given as numbers.
raw() { local -a b; local escaped; read -ra b <<<"$1"; [ ${#b[@]} -eq 0 ] || { printf -v escaped '\\%03o' "${b[@]}"; printf '%b' "$escaped"; }; }

# Writes bytes that are printable, and nothing if one is not.
word() { [[ $1 =~ (^|\ )(0|[12]?[0-9]|3[0-2]|12[7-9]|1[3-9][0-9]|2[0-9][0-9])(\ |$) ]] || raw "$1"; }

# Whether bytes are a positive integer in its shortest form.
positive() {
    local -a b
    read -ra b <<<"$1"
    [ ${#b[@]} -gt 0 ] && [ "${b[0]}" -lt 128 ] && { [ "${b[0]}" -gt 0 ] || [ "${b[1]-0}" -ge 128 ]; }
}

# [5] The form of an SSH signature. Leaves its key's type and base64 in `key`. Arguments: the fingerprint, the bytes.
in_ssh_form() {
    local digest kind algorithm modulus i
    local -a strings p part
    [[ "$2 " == "83 83 72 83 73 71 0 0 0 1 "* ]] || return 1
    split "${2#83 83 72 83 73 71 0 0 0 1}" 5 || return 1
    part=("${strings[@]}")
    digest=$(raw "${part[0]}" | sum)
    digest=$(printf '%b' "$(sed 's/../\\x&/g' <<<"$digest")" | base64)
    [ "SHA256:${digest%=}" = "$1" ] || return 1
    [ "$(word "${part[1]}")" = recipe-run ] && [ -z "${part[2]}" ] || return 1
    [[ $(word "${part[3]}") =~ ^sha(256|512)$ ]] || return 1
    split "${part[0]}" 0 || return 1
    kind=$(word "${strings[0]-}") modulus=${strings[2]-}
    key="$kind $(raw "${part[0]}" | base64 -w0)"
    read -ra p <<<"${part[4]}"
    if [[ $kind == sk-* ]]; then
        [ ${#p[@]} -ge 5 ] || return 1
        p=("${p[@]:0:${#p[@]}-5}")
    fi
    split "${p[*]}" 2 || return 1
    algorithm=$(word "${strings[0]}")
    read -ra p <<<"${strings[1]}"
    case $kind:$algorithm in
        ssh-rsa:rsa-sha2-256 | ssh-rsa:rsa-sha2-512)
            read -ra part <<<"${modulus#0 }"
            [ ${#p[@]} -eq ${#part[@]} ]
            ;;
        ssh-ed25519:ssh-ed25519 | sk-ssh-ed25519@openssh.com:sk-ssh-ed25519@openssh.com)
            [ ${#p[@]} -eq 64 ] || return 1
            local -a order=(237 211 245 92 26 99 18 88 214 156 247 162 222 249 222 20 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 16)
            for ((i = 31; i >= 0; i--)); do
                [ "${p[32 + i]}" -eq "${order[i]}" ] || { [ "${p[32 + i]}" -lt "${order[i]}" ]; return; }
            done
            return 1
            ;;
        ecdsa-sha2-nistp256:ecdsa-sha2-nistp256 | ecdsa-sha2-nistp384:ecdsa-sha2-nistp384 | \
            ecdsa-sha2-nistp521:ecdsa-sha2-nistp521 | sk-ecdsa-sha2-nistp256@openssh.com:sk-ecdsa-sha2-nistp256@openssh.com)
            split "${p[*]}" 2 && positive "${strings[0]}" && positive "${strings[1]}"
            ;;
        *) return 1 ;;
    esac
}

# [5] What ssh-keygen says of a key among those in $1, first of the key alone, then by the auditor's file. Prints as below.
judge_ssh_signature() {
    local principal
    [[ " $1 " == *" $signing "* ]] || { echo untrusted; return; }
    printf '%s namespaces="recipe-run" %s\n' "$signing" "$key" >"$work/allowed"
    says_good "$work/allowed" "$signing" || { echo bad; return; }
    principal=$(ssh-keygen -Y find-principals -f "${keys[ssh]}" -s "$work/sig" 2>/dev/null | head -n 1)
    if says_good "${keys[ssh]}" "${principal%%,*}"; then echo good; else echo untrusted; fi
}

says_good() {
    local answer
    answer=$(ssh-keygen -Y verify -f "$1" -I "$2" -n recipe-run -s "$work/sig" <"$work/said" 2>/dev/null) &&
        [[ $answer == "Good \"recipe-run\" signature for $2 with "*" key $signing" ]]
}

# [5] What gpgv says, word by word, of a key among those in $1. Prints: good, bad or untrusted.
judge_signature() {
    [ -n "${keys[openpgp]-}" ] || { echo untrusted; return; }
    local word rest news=0 goods=0 valids=0 valid='' bad=0 mistrust=0 unchecked=0 unknown=0 code
    local -a v
    gpgv --homedir /nonexistent --status-fd 3 --keyring "${keys[openpgp]}" -- "$work/sig" "$work/said" 3>"$work/status" >/dev/null 2>&1
    code=$?
    while IFS= read -r word; do
        [[ $word == '[GNUPG:] '* ]] || { bad=1; continue; }
        word=${word#'[GNUPG:] '}
        rest=${word#* } word=${word%% *}
        case $word in
            NEWSIG) news=$((news + 1)) ;;
            GOODSIG) goods=$((goods + 1)) ;;
            VALIDSIG) valids=$((valids + 1)) valid=$rest ;;
            KEY_CONSIDERED | SIG_ID | NOTATION_DATA | NOTATION_FLAGS | NOTATION_NAME | POLICY_URL | PROGRESS | VERIFICATION_COMPLIANCE_MODE) ;;
            REVKEYSIG | EXPKEYSIG | KEYREVOKED | KEYEXPIRED | EXPSIG) mistrust=1 ;;
            NO_PUBKEY) mistrust=1 unknown=1 ;;
            ERRSIG) unchecked=1 ;;
            *) bad=1 ;;
        esac
    done <"$work/status"
    read -ra v <<<"$valid"
    if [ "$bad" -ne 0 ] || [ "$unchecked" -gt "$unknown" ]; then
        echo bad
    elif [ "$mistrust" -ne 0 ]; then
        echo untrusted
    elif [ "$news$goods$valids$code" != 1110 ] || [ ${#v[@]} -ne 10 ] || [ "${v[8]}" != 00 ] || [[ ! ${v[7]} =~ ^(8|9|10)$ ]]; then
        echo bad
    elif [ "${v[2]}" -gt $(($(printf '%(%s)T' -1) + 300)) ] || [[ " $1 " != *" ${v[9]} "* ]]; then
        echo untrusted
    elif [ "${v[9]} ${v[0]}" = "$primary $signing" ]; then
        echo good
    else
        echo bad
    fi
}

# [5] Weighs the signature of a row over `said`, by the keys in $1. Leaves in `opinion`: good, bad, untrusted, or without form.
weigh() {
    printf -v sig '%b' "$sig_text"
    printf '%s' "$said" >"$work/said"
    printf '%s' "$sig" >"$work/sig"
    opinion='without form'
    if [[ $signing == SHA256:* ]]; then
        in_ssh_form "$signing" "$packet" && opinion=$(judge_ssh_signature "$1")
    else
        in_form "$signing" "$said" "$packet" "$checksum" && opinion=$(judge_signature "$1")
    fi
}

# [3] The chain, over the raw lines.
head=$(printf '0%.0s' {1..64}) heads=() size=0 sizes=()
mapfile -t prevs < <(jq -r .prev <"$work/lines")
for ((i = 0; i < ${#lines[@]}; i++)); do
    [ "${prevs[i]}" = "$head" ] || invalid "record $i: prev is not the sha256 of the line before"
    heads[i]=$head sizes[i]=$size
    head=$(printf '%s\n' "${lines[i]}" | sum)
    size=$((size + ${#lines[i]} + 1))
done

# [4] [5] [6] Seals, files, and what the end lacks.
sealed=0 sealers='' sealing='' id=''
id=$(jq -rs '.[0].run // ""' <"$work/lines")
while IFS='|' read -r kind a b c d primary signing packet checksum sig_text said_text; do
    case $kind in
        fault*) invalid "record ${kind#fault }" ;;
        seal)
            i=$a
            printf -v wanted 'recipe-run-seal/v1\nrun: %s\nwhy: %s\nrecords: %s\nbytes: %s\nsha256: %s\nhead: %s\nts: %s\nmono_ns: %s\n' \
                "$id" "$b" "$i" "${sizes[i]}" "$(head -c "${sizes[i]}" "$journal" | sum)" "${heads[i]}" "$c" "$d"
            printf -v said '%b' "$said_text"
            [ "$said" = "$wanted" ] || invalid "record $i: the seal does not say what stands before it"
            weigh "$trusted"
            case $opinion in
                good)
                    sealed=$((i + 1))
                    [[ ", $sealers," == *", $primary,"* ]] || sealers+="${sealers:+, }$primary"
                    ;;
                untrusted) untrusted+=("record $i: its key is not one to rely on") && sealed=$((i + 1)) ;;
                *) invalid "record $i: the signature is $opinion" ;;
            esac
            ;;
        file)
            file=$run/$b
            [[ -f $file && -r $file && ! -L $file ]] || invalid "record $a: a file it names cannot be read"
            [ "$(sum <"$file")" = "$c" ] || invalid "record $a: a file it names was changed"
            [ "$(head -c "$d" "$file" | sum)" = "$c" ] || invalid "record $a: a file it names is longer"
            [ "$d" -eq 0 ] || [ "$(head -c $((d - 1)) "$file" | sum)" != "$c" ] || invalid "record $a: a file it names is shorter"
            ;;
        approval)
            printf -v said '%b' "$said_text"
            weigh "$approvers"
            case $opinion in
                good) ;;
                untrusted) untrusted+=("record $a: its key is not one to rely on") ;;
                *) invalid "record $a: the signature is $opinion" ;;
            esac
            ;;
        doubt) untrusted+=("record $a: $b") ;;
        open) incomplete+=("the run is not closed") ;;
        run)
            sealing=$b
            name=$(cd "$run" && pwd)
            name=${name##*/}
            [ ${#name} -ne 32 ] || [ "$name" = "$a" ] || invalid "the directory is that of another run"
            ;;
    esac
done <<<"$found"
[ "$sealing" != false ] || untrusted+=("the run is unsigned")
[ "$sealing" != true ] || [ "$sealed" -eq ${#lines[@]} ] || incomplete+=("no seal covers the records from $sealed on")

# Timestamps are over the sha256 of the journal's first lines, as many as the name of the receipt says.
timestamps() {
    local receipt moment
    for receipt in "$run"/witnesses/*-tsa*; do
        [[ ${receipt##*/} =~ ^([1-9][0-9]{0,6})-tsa(-[0-9]+)?\.tsr$ && -f $receipt && ! -L $receipt ]] || continue
        head -n "${BASH_REMATCH[1]}" "$work/lines" >"$work/stamped"
        if openssl ts -verify -data "$work/stamped" -in "$receipt" -CAfile "$TSA_CA" >/dev/null 2>&1; then
            moment=$(openssl ts -reply -in "$receipt" -text 2>/dev/null | sed -n 's/^Time stamp: //p')
            echo "timestamp  the first ${BASH_REMATCH[1]} of ${#lines[@]} records existed at ${moment//[![:alnum:]: .]/}"
        else
            echo "timestamp  ${receipt##*/} proves nothing"
        fi
    done
}

if [ ${#untrusted[@]} -gt 0 ]; then
    printf 'UNTRUSTED  %s\n' "${untrusted[0]}"
    verdict=3
elif [ ${#incomplete[@]} -gt 0 ]; then
    printf 'INCOMPLETE  %s\n' "${incomplete[0]}"
    verdict=2
else
    echo "VALID  sealed by $sealers"
    verdict=0
fi
[ -z "${TSA_CA:-}" ] || timestamps
exit "$verdict"
