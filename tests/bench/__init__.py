# SPDX-License-Identifier: GPL-3.0-or-later
"""Benches; not part of the test run."""
