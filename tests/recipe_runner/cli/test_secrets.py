from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.recipe_runner.engine.secrets.test_redaction import forms
from tests.support.command import RECIPE, environment, only_run, recipe

TEXT = """---
recipe: 1
params:
  token: {type: secret, env: TOKEN}
---
```bash {#show}
echo "plain $token"; printf '%s' "$token" | base64 -w0; printf '%q\\n' "$token" >&2
kept="x$token"; encoded=$(printf %s "$token" | base64 -w0)
echo "o=$token" >> "$RECIPE_OUTPUT"; ps -ww -eo args | tee ps.txt
```

```python {#python}
import json, os, urllib.parse
print(json.dumps(os.environ["token"]), urllib.parse.quote(os.environ["token"], safe=""))
```

```bash {#fail}
echo "failing with $token" >&2; exit 1
```
"""
SECRET = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=30).filter(
    lambda text: len(set(text)) > 6
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=SECRET)
def test_no_secret_reaches_screen_journal_blobs_or_other_processes(
    tmp_path_factory: pytest.TempPathFactory, secret: str
) -> None:
    """Whatever a step does with it, a secret's bytes are in no output, no file of the run and no command line."""
    directory = tmp_path_factory.mktemp("secret")
    (directory / "r.md").write_text(TEXT)
    scratch = directory / "tmp"
    scratch.mkdir()
    done = subprocess.run(
        [str(RECIPE), "run", "r.md", "--yes", "--no-sign", "--runs", "runs"],
        cwd=directory,
        env=environment({"TOKEN": secret, "TMPDIR": str(scratch)}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    seen = [done.stdout, done.stderr, (directory / "ps.txt").read_bytes()]
    run = only_run(directory / "runs")
    seen += [path.read_bytes() for path in run.rglob("*") if path.is_file()]
    seen += [path.read_bytes() for path in scratch.rglob("*") if path.is_file()]
    for data in seen:
        assert not [name for name, form in forms(secret).items() if form in data]
    assert b"[secret]" in done.stdout


@pytest.mark.parametrize("source", ["fd:{fd}", "file:{file}", "env:OTHER", "command:cat {file}"])
def test_secrets_come_from_descriptors_files_variables_and_commands(tmp_path: Path, source: str) -> None:
    """Each source gives the step the same secret, without its last line end."""
    (tmp_path / "r.md").write_text(
        "---\nrecipe: 1\nparams:\n  token: {type: secret}\n---\n"
        '```bash {#one}\n[ "$token" = "hunter 22" ] && echo right\n```\n'
    )
    held = tmp_path / "held"
    held.write_text("hunter 22\n")
    descriptor = os.open(held, os.O_RDONLY)
    chosen = source.format(fd=descriptor, file=held)
    done = subprocess.run(
        [str(RECIPE), "run", "r.md", "--yes", "--no-sign", "--runs", "runs", "--secret", f"token={chosen}"],
        cwd=tmp_path,
        env=environment({"OTHER": "hunter 22"}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        pass_fds=(descriptor,),
        check=False,
    )
    os.close(descriptor)
    assert done.returncode == 0, done.stderr
    assert "right" in done.stdout


@pytest.mark.parametrize(
    "option",
    ["token=hunter22", "token=fd:99", "token=file:/no/such", "token=command:false", "tokn=env:X", "token=env:NO"],
)
def test_a_source_that_cannot_be_read_is_a_clear_error(tmp_path: Path, option: str) -> None:
    """The error names the secret and its source, never the secret."""
    (tmp_path / "r.md").write_text(
        '---\nrecipe: 1\nparams:\n  token: {type: secret}\n---\n```bash {#one}\n: "$token"\n```\n'
    )
    done = recipe("run", "r.md", "--yes", "--no-sign", "--runs", "runs", "--secret", option, directory=tmp_path)
    assert done.returncode == 2
    assert "tok" in done.stderr
    assert "hunter22" not in done.stderr
    assert not (tmp_path / "runs").exists()
