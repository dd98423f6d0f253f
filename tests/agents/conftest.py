"""The contract's claims are explained when they fail, like those of a test file."""

import pytest

pytest.register_assert_rewrite("tests.agents.contract")
