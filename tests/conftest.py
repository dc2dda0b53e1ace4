from __future__ import annotations

import os
import signal

from hypothesis import settings

from builders.workshop.modes import VARIABLE

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

os.environ.setdefault(VARIABLE, "preferred")  # what the tests build is their own, also where no namespace can be had

if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # by `nohup`; what the tests start is to notice one
    signal.signal(signal.SIGHUP, lambda _, __: None)
