"""Measurements: `make bench`. Each file `measure_*.py` is one subject; docs/performance.md keeps what they said."""
