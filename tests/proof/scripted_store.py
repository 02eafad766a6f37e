"""A store in memory that does what its script says: refuse, fall silent, or act and then break."""

from __future__ import annotations

import itertools

from offerwell.integrations.store import Created, StoreCode, WindowStatus


class ScriptedStore:
    """Fits `integrations.store.StoreConnector`. `breaks(call, names)` may raise before anything is done."""

    batch_size = 250
    redate_from = 1_000_000
    create_from = 1_000_000

    def __init__(self):
        self.status = {}
        self.texts = {}
        self.windows = {}
        self.calls = []
        self.jobs = {}
        self.numbers = itertools.count(1)
        self.breaks = lambda call, names: None
        self.breaks_after = lambda call, names: None

    def holds(self, ref, text, status=WindowStatus.ACTIVE, title="Summer"):
        self.status[ref], self.texts[text.upper()] = status, (ref, title)

    def _called(self, call, names):
        names = list(names)
        self.calls.append((call, len(names)))
        self.breaks(call, names)
        return names

    def _shown(self, ref, title=""):
        if ref not in self.status:
            return None
        starts_at, ends_at = self.windows.get(ref, (None, None))
        return StoreCode(ref=ref, status=self.status[ref], starts_at=starts_at, ends_at=ends_at, title=title)

    def read(self, refs):
        return {ref: self._shown(ref) for ref in self._called("read", refs)}

    def find(self, codes):
        found = {}
        for code in self._called("find", codes):
            ref, title = self.texts.get(code.upper(), ("", ""))
            found[code] = self._shown(ref, title)
        return found

    def switch(self, refs, *, active):
        refs = self._called("switch", refs)
        for ref in refs:
            self.status[ref] = WindowStatus.ACTIVE if active else WindowStatus.EXPIRED
        self.breaks_after("switch", refs)
        return f"job {next(self.numbers)}"

    def jobs_done(self, jobs):
        return dict.fromkeys(self._called("jobs_done", jobs), True)

    def create(self, specs):
        self._called("create", [spec.code for spec in specs])
        made = []
        for spec in specs:
            ref = f"made {next(self.numbers)}"
            self.holds(ref, spec.code, title=spec.title)
            made.append(Created(ref=ref))
        self.breaks_after("create", [spec.code for spec in specs])
        return made

    def create_many(self, specs):
        """Does it at once. A code it has already is refused as taken."""
        names = self._called("create_many", [spec.code for spec in specs])
        job, told = f"job {next(self.numbers)}", {}
        for spec in specs:
            if spec.code.upper() in self.texts:
                told[spec.code] = Created(refusal="Code must be unique.", taken=True)
                continue
            ref = f"made {next(self.numbers)}"
            self.holds(ref, spec.code, title=spec.title)
            told[spec.code] = Created(ref=ref)
        self.jobs[job] = told
        self.breaks_after("create_many", names)
        return job

    def created_by(self, job, codes):
        self._called("created_by", codes)
        return [self.jobs[job].get(code) for code in codes]

    def set_window(self, windows):
        for ref in self._called("set_window", windows):
            self.windows[ref], self.status[ref] = windows[ref], WindowStatus.ACTIVE
        self.breaks_after("set_window", list(windows))
        return dict.fromkeys(windows, "")

    def redate(self, windows):
        for ref in self._called("redate", windows):
            self.windows[ref], self.status[ref] = windows[ref], WindowStatus.ACTIVE
        self.breaks_after("redate", list(windows))
        return f"job {next(self.numbers)}"
