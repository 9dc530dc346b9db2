# SPDX-License-Identifier: BSD-2-Clause
"""Lets the tests of this folder import what stands beside them."""
import os
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "xen")]
# A run that is told to end ends its machines, as one that is interrupted.
signal.signal(signal.SIGTERM, signal.default_int_handler)
