# Run each script of the first login until it has done its work once for this user.
if [ -n "${HOME:-}" ] && [ -d "$HOME" ]; then
    mkdir -p "$HOME/.local/state/first-login" 2>/dev/null
    for script in /usr/lib/first-login/scripts/*; do
        if [ ! -e "$HOME/.local/state/first-login/${script##*/}" ] && "$script"; then
            : > "$HOME/.local/state/first-login/${script##*/}"
        fi
    done
    unset script
fi
