"""The pool that most tests are about, and the rule as a slow, obvious model."""

from tests_py.harness.wire import OK, PARTIAL

SEMESTER = "2025-10"
POOL = (f"--semester={SEMESTER}", "--classrooms=380", "--labs=60")


class Model:
    """docs/allocation.md, word for word."""

    def __init__(self, classrooms, labs, conversions=None):
        self.classrooms = classrooms
        self.labs = labs
        self.conversions = min(classrooms, classrooms if conversions is None else conversions)

    def grant(self, classrooms, labs):
        """(status, classrooms, labs, mobile labs)."""
        mobile = min(max(0, labs - self.labs), self.conversions, self.classrooms)
        given_labs = min(labs, self.labs)
        given_rooms = min(classrooms, self.classrooms - mobile)
        self.classrooms -= given_rooms + mobile
        self.labs -= given_labs
        self.conversions -= mobile
        everything = given_rooms == classrooms and given_labs + mobile == labs
        return OK if everything else PARTIAL, given_rooms, given_labs, mobile

    @property
    def left(self):
        return self.classrooms, self.labs, min(self.conversions, self.classrooms)
