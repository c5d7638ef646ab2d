# SPDX-License-Identifier: GPL-2.0
"""What the selftests of vnet have in common; see tests/README.md."""
