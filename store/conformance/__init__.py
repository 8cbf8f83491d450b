"""The contract of ``remem.store.store.Store`` as pytest classes; each test's docstring is one
promise.

A backend subclasses ``StoreContract``, supplies the fixtures ``store`` and ``reopen`` (and
``settle`` and ``min_recall`` where the defaults do not fit), and passes all of it::

    class TestMyStore(StoreContract):
        @pytest.fixture
        def store(self, tmp_path):
            with MyStore(tmp_path) as store:
                yield store

        @pytest.fixture
        def reopen(self, store, tmp_path): ...

Call ``pytest.register_assert_rewrite("remem.store.conformance")`` in ``conftest.py`` to have
failures explained. This package needs pytest, which remem itself does not depend on.
"""

from __future__ import annotations

from remem.store.conformance.filtering import FilterContract
from remem.store.conformance.lasting import (
    ConcurrencyContract,
    DurabilityContract,
    IsolationContract,
    ReindexContract,
    VerifyContract,
)
from remem.store.conformance.naming import NamingContract
from remem.store.conformance.reading import (
    FindContract,
    LifeContract,
    NeighborsContract,
    PredecessorsContract,
    ReaderContract,
    ScanContract,
)
from remem.store.conformance.refusing import ClosedContract, ErrorContract
from remem.store.conformance.samples import Contract, Reopen
from remem.store.conformance.searching import SearchContract, TextSearchContract
from remem.store.conformance.writing import (
    DeleteContract,
    ExpectedRecordsContract,
    PlannedContract,
    VerbatimContract,
    WriteContract,
)

__all__ = ["Contract", "Reopen", "StoreContract"]


class StoreContract(
    VerbatimContract,
    WriteContract,
    DeleteContract,
    PlannedContract,
    ExpectedRecordsContract,
    SearchContract,
    TextSearchContract,
    FilterContract,
    ScanContract,
    FindContract,
    ReaderContract,
    NeighborsContract,
    PredecessorsContract,
    LifeContract,
    NamingContract,
    DurabilityContract,
    IsolationContract,
    ReindexContract,
    VerifyContract,
    ConcurrencyContract,
    ErrorContract,
    ClosedContract,
):
    """All promises of a store."""
