# The fast half: lines of known series with known fields, from bytes to records, without a Python object.

cdef enum:
    # What a value looks like; the parser's FIELD_TYPES are in this order.
    FLOAT = 0
    INTEGER = 1
    UNSIGNED = 2
    BOOLEAN = 3
    STRING = 4

cdef enum Outcome:
    # What became of a line, or stopped a run; the line at ``offset`` is then not taken yet.
    FAILED = -1
    TAKEN = 0
    AT_END = 1
    FULL = 2
    NEW_SERIES = 3
    NEW_FIELD = 4
    SETTLE = 5
    SLOW = 6
    MANY = 7

cdef enum:
    ZERO = 48
    MOST_LINES = 4096
    MOST_VALUES = 16384
    # So many lines are read before it pays to give the GIL away.
    FEW_LINES = 64
    LONGEST_KEY = 65535

cdef uint64_t HIGHEST_BIT = <uint64_t>1 << 63
# The record of a text: where it begins, its length, and in the highest bit whether it has escapes.
cdef int TEXT_LENGTH_AT = 31
cdef uint64_t TEXT_PART = (<uint64_t>1 << 31) - 1

cdef const uint8_t[::1] TRUTHS = b"trueTrueTRUEfalseFalseFALSE"


cdef class Scanner:
    """The body, the names, and the records of the lines that were taken since the last flush.

    A record of a value is its field, its kind and 64 bits: a double's, a whole number, or where a text
    stands. Records of a line count only when the whole line is right: until then nothing is to be undone.
    """

    cdef const uint8_t[::1] b
    cdef bytes body
    cdef Py_ssize_t size
    cdef Py_ssize_t offset
    cdef bint is_utf8
    cdef int64_t scale
    cdef uint64_t highest_time
    cdef int64_t default_ns
    # What a line may have at most; one beyond is not ordinary.
    cdef Py_ssize_t most_bytes
    cdef Py_ssize_t most_tags
    cdef Py_ssize_t most_fields

    cdef Names series
    cdef Names fields
    # AGE of names that this body has had already; the next body has another.
    cdef int32_t age
    cdef int32_t last_series

    cdef int32_t[::1] value_field
    cdef int32_t[::1] value_kind
    cdef uint64_t[::1] value_bits
    cdef int32_t[::1] line_series
    cdef int32_t[::1] line_values
    cdef int64_t[::1] line_time
    cdef int32_t lines
    cdef int32_t values

    # The line that is being read: where its parts end, and what was found last.
    cdef Py_ssize_t at
    cdef uint64_t bits
    cdef int64_t power
    cdef int32_t now_series
    cdef int32_t now_values
    cdef int64_t now_time

    def __cinit__(self):
        self.b = b""
        self.series = Names()
        self.fields = Names()
        self.last_series = MISSING
        self.value_field = filled(MOST_VALUES, 0)
        self.value_kind = filled(MOST_VALUES, 0)
        self.value_bits = array("Q", [0]) * MOST_VALUES
        self.line_series = filled(MOST_LINES, 0)
        self.line_values = filled(MOST_LINES, 0)
        self.line_time = array("q", [0]) * MOST_LINES

    @cython.final
    cdef Outcome run(self, int32_t most) except FAILED nogil:
        """Take lines up to one that is not ordinary, the end, the end of the room for records, or ``most``."""
        cdef Outcome outcome = TAKEN
        cdef int32_t end = self.lines + most
        while outcome == TAKEN:
            if self.offset >= self.size:
                return AT_END
            if self.b[self.offset] == b"\n":
                self.offset += 1
                continue
            if self.lines == end:
                return MANY
            outcome = self.read_line()
            if outcome == TAKEN:
                self.commit()
        return outcome

    @cython.final
    cdef int commit(self) except -1 nogil:
        """Make the records of the line that was read count, and go on behind it."""
        self.line_series[self.lines] = self.now_series
        self.line_values[self.lines] = self.now_values
        self.line_time[self.lines] = self.now_time
        self.lines += 1
        self.values = self.now_values
        self.offset = self.at
        return 0

    @cython.final
    cdef Outcome read_line(self) except FAILED nogil:
        """Read a line into records: TAKEN, SETTLE if something of it is new in this body, or why not."""
        cdef Outcome outcome
        if self.lines == MOST_LINES:
            return FULL
        outcome = self.find_series()
        if outcome != TAKEN:
            return outcome
        outcome = self.read_fields()
        if outcome != TAKEN and outcome != SETTLE:
            return outcome
        if self.now_values - self.values > self.most_fields or not self.read_time():
            return SLOW
        if self.at - self.offset > self.most_bytes:  # with the line end: the slow way decides
            return SLOW
        if self.series.facts[self.now_series * FACTS + AGE] != self.age:
            return SETTLE
        return outcome

    @cython.final
    cdef Outcome find_series(self) except FAILED nogil:
        """Find the series at the offset. ``at`` is then behind the space that ends its key."""
        cdef Py_ssize_t start = self.offset, end, i
        cdef int32_t guess = MISSING
        if self.last_series >= 0:
            guess = self.series.facts[self.last_series * FACTS + LINK]
        if guess >= 0:
            i = start + self.series.facts[guess * FACTS + LENGTH]
            if i < self.size and self.b[i] == b" " and self.series.is_name(guess, self.b, start, i - start, 0):
                self.at = i + 1
                self.now_series = self.last_series = guess
                return TAKEN
        end = min(self.size, start + LONGEST_KEY + 1)
        i = start
        while i < end and self.b[i] > 32:
            # A space behind a backslash belongs to the key, however many backslashes there are.
            i += 2 if self.b[i] == b"\\" and i + 1 < end and self.b[i + 1] == b" " else 1
        if i >= end or i == start or self.b[i] != b" " or self.b[start] == b"#":
            return SLOW
        self.at = i + 1
        self.now_series = self.series.find(self.b, start, i - start, 0)
        if self.now_series < 0:
            return NEW_SERIES
        if self.last_series >= 0:
            self.series.facts[self.last_series * FACTS + LINK] = self.now_series
        self.last_series = self.now_series
        return TAKEN

    @cython.final
    cdef Outcome read_fields(self) except FAILED nogil:
        """Read the fields at ``at``: TAKEN, SETTLE if one has no column in this body yet, or why not."""
        cdef Py_ssize_t series = self.now_series * FACTS
        cdef int32_t owner = self.series.facts[series + MEASUREMENT]
        cdef int32_t field = self.series.facts[series + FIRST], before = MISSING
        cdef int32_t values = self.values
        cdef int kind
        cdef Outcome outcome = TAKEN
        while True:
            field = self.find_field(field, owner)
            if field < 0:
                return NEW_FIELD
            if before < 0:
                self.series.facts[series + FIRST] = field
            else:
                self.fields.facts[before * FACTS + LINK] = field
            if values == MOST_VALUES:
                return FULL
            kind = self.read_value()
            if kind < 0:
                return SLOW
            if self.fields.facts[field * FACTS + AGE] != self.age:
                outcome = SETTLE
            elif self.fields.facts[field * FACTS + KIND] != kind:
                return SLOW
            self.value_field[values] = field
            self.value_kind[values] = kind
            self.value_bits[values] = self.bits
            values += 1
            if self.at >= self.size or self.b[self.at] != b",":
                self.now_values = values
                return outcome
            self.at += 1
            before = field
            field = self.fields.facts[field * FACTS + LINK]

    @cython.final
    cdef int32_t find_field(self, int32_t guess, int32_t owner) except -2 nogil:
        """The number of the field whose key is at ``at``, or MISSING; ``at`` is then behind its ``=``."""
        cdef Py_ssize_t start = self.at, i
        cdef uint8_t c
        if guess >= 0:
            i = start + self.fields.facts[guess * FACTS + LENGTH]
            if i < self.size and self.b[i] == b"=" and self.fields.is_name(
                guess, self.b, start, i - start, owner
            ):
                self.at = i + 1
                return guess
        i = start
        while i < self.size:
            c = self.b[i]
            if c == b"=":
                self.at = i + 1
                return self.fields.find(self.b, start, i - start, owner)
            if c == b"," or c <= 32 or i - start > LONGEST_KEY:
                return MISSING
            i += 2 if c == b"\\" else 1
        return MISSING

    @cython.final
    cdef int read_value(self) except -2 nogil:
        """Read the value at ``at`` into ``bits`` and return its kind, or MISSING; ``at`` is then behind it."""
        cdef int kind
        cdef uint8_t c
        if self.at >= self.size:
            return MISSING
        c = self.b[self.at]
        if c == b'"':
            kind = self.read_text()
        elif c > b"9":
            kind = self.read_truth()
        else:
            kind = self.read_number()
        if kind >= 0 and self.at < self.size:
            c = self.b[self.at]
            if c != b"," and c != b" " and c != b"\n" and c != b"\r":
                return MISSING
        return kind

    @cython.final
    cdef int read_text(self) except -2 nogil:
        cdef Py_ssize_t start = self.at + 1, i = start
        cdef uint64_t escaped = 0
        cdef uint8_t c, all_bits = 0
        while True:
            # A text over several lines is not ordinary.
            if i >= self.size or self.b[i] == b"\n":
                return MISSING
            c = self.b[i]
            if c == b'"':
                break
            if c == b"\\":
                escaped = HIGHEST_BIT
                i += 1
                if i >= self.size or self.b[i] == b"\n":
                    return MISSING
                c = self.b[i]
            all_bits |= c
            i += 1
        if all_bits > 127 and not self.is_utf8:
            return MISSING
        self.bits = <uint64_t>start | <uint64_t>(i - start) << TEXT_LENGTH_AT | escaped
        self.at = i + 1
        return STRING

    @cython.final
    cdef int read_truth(self) except -2 nogil:
        cdef Py_ssize_t start = self.at, i = start + 1, length
        cdef bint truth = self.b[start] == b"t" or self.b[start] == b"T"
        cdef int form
        if not truth and self.b[start] != b"f" and self.b[start] != b"F":
            return MISSING
        while i < self.size and i < start + 5 and self.b[i] >= b"A":
            i += 1
        length = i - start
        self.bits = truth
        self.at = i
        if length == 1:
            return BOOLEAN
        for form in range(3):
            if truth and length == 4 and same(TRUTHS, form * 4, self.b, start, 4):
                return BOOLEAN
            if not truth and length == 5 and same(TRUTHS, 12 + form * 5, self.b, start, 5):
                return BOOLEAN
        return MISSING

    @cython.final
    cdef int read_number(self) except -2 nogil:
        cdef Py_ssize_t start = self.at, first, point, i
        cdef uint64_t digits = 0
        cdef uint8_t c
        first = i = start + 1 if self.b[start] == b"-" else start
        # Digits wrap around where there are too many, which their number tells.
        while i < self.size and b"0" <= self.b[i] <= b"9":
            digits = digits * 10 + (self.b[i] - ZERO)
            i += 1
        point = i
        c = self.b[i] if i < self.size else 0
        self.at = i + 1
        if c == b"i" or c == b"u":
            return self.whole_number(digits, i - first, first != start, c == b"i")
        if c == b".":
            i += 1
            while i < self.size and b"0" <= self.b[i] <= b"9":
                digits = digits * 10 + (self.b[i] - ZERO)
                i += 1
            self.power = point + 1 - i
            if i - first == 1:
                return MISSING
        else:
            self.power = 0
            if i == first:
                return MISSING
        self.at = i
        if i < self.size and (self.b[i] == b"e" or self.b[i] == b"E") and not self.read_exponent():
            return MISSING
        if i - first > MOST_DIGITS:
            return self.long_number(start)
        return self.float_number(start, double_bits(digits, self.power))

    @cython.final
    cdef int whole_number(self, uint64_t number, Py_ssize_t digits, bint negative, bint is_signed) except -2 nogil:
        # 19 digits fit in 64 bits whatever they are.
        if digits == 0 or digits > MOST_DIGITS or (negative and not is_signed):
            return MISSING
        if is_signed and number > HIGHEST_BIT - 1 + negative:
            return MISSING
        self.bits = 0 - number if negative else number
        return INTEGER if is_signed else UNSIGNED

    @cython.final
    cdef int read_exponent(self) except -1 nogil:
        """Add the exponent at ``at`` to ``power``; False if it has no digits."""
        cdef Py_ssize_t i = self.at + 1
        cdef int64_t exponent = 0
        cdef bint negative = False
        if i < self.size and (self.b[i] == b"-" or self.b[i] == b"+"):
            negative = self.b[i] == b"-"
            i += 1
        self.at = i
        while i < self.size and b"0" <= self.b[i] <= b"9":
            if exponent < 1_000_000:
                exponent = exponent * 10 + (self.b[i] - ZERO)
            i += 1
        if i == self.at:
            return False
        self.at = i
        self.power += -exponent if negative else exponent
        return True

    @cython.final
    cdef int long_number(self, Py_ssize_t start) except -2 nogil:
        """A float by its first 19 digits, if it is the same whatever the others are."""
        cdef uint64_t digits = 0
        cdef int64_t bits
        cdef int count = 0
        cdef bint cut = False
        cdef Py_ssize_t i
        cdef uint8_t c
        for i in range(start, self.at):
            c = self.b[i]
            if c == b"e" or c == b"E":
                break
            if not b"0" <= c <= b"9":
                continue
            if count < MOST_DIGITS:
                digits = digits * 10 + (c - ZERO)
                count += digits != 0
            else:
                cut = True
                self.power += 1
        bits = double_bits(digits, self.power)
        if cut and bits != double_bits(digits + 1, self.power):
            bits = UNDECIDED
        return self.float_number(start, bits)

    @cython.final
    cdef int float_number(self, Py_ssize_t start, int64_t bits) except -2 nogil:
        if bits == UNDECIDED:
            return self.python_float(start)
        self.bits = <uint64_t>bits
        if self.b[start] == b"-":
            self.bits |= HIGHEST_BIT
        return FLOAT

    @cython.final
    cdef int python_float(self, Py_ssize_t start) except -2 with gil:
        cdef double number = float(self.body[start : self.at])
        if not -MAX_FLOAT <= number <= MAX_FLOAT:
            return MISSING
        memcpy(&self.bits, &number, 8)
        return FLOAT

    @cython.final
    cdef int read_time(self) except -1 nogil:
        """Read what is behind the fields, to behind the end of the line; False if it is not ordinary."""
        cdef Py_ssize_t i = self.at, first
        cdef uint64_t time = 0
        cdef bint negative
        self.now_time = self.default_ns
        if i < self.size and self.b[i] == b" ":
            i += 1
            negative = i < self.size and self.b[i] == b"-"
            first = i = i + negative
            while i < self.size and b"0" <= self.b[i] <= b"9":
                time = time * 10 + (self.b[i] - ZERO)
                i += 1
            if i == first or i - first > MOST_DIGITS or time > self.highest_time:
                return False
            self.now_time = -<int64_t>time * self.scale if negative else <int64_t>time * self.scale
        if i < self.size and self.b[i] == b"\r":
            i += 1
        elif i < self.size and self.b[i] != b"\n":
            return False
        if i < self.size:
            if self.b[i] != b"\n":
                return False
            i += 1
        self.at = i
        return True
