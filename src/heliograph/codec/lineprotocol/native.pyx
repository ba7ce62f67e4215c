# cython: language_level=3, boundscheck=True, wraparound=False, initializedcheck=False
"""The line-protocol parser in Cython, for the lines that make up nearly all of what is written.

`Scanner` reads ordinary lines into records, without Python objects and where it pays without the GIL;
`Parser` gives what is new its place and puts the records into columns. Every other line goes to
`LineReader`, which also the Python parser uses: grammar, errors and their words are in one place.
"""

import cython

from cpython.array cimport array

from heliograph.codec.lineprotocol import python
from heliograph.codec.lineprotocol.grammar import MAX_FLOAT as _MAX_FLOAT
from heliograph.codec.lineprotocol.grammar import BadLine, read_key, unescape_string
from heliograph.codec.lineprotocol.lines import LineReader
from heliograph.codec.lineprotocol.parsed import NO_LIMITS
from heliograph.model.point import FieldType
from heliograph.model.time import MAX_TIME_NS, Precision

include "decimal.pxi"
include "names.pxi"
include "scanner.pxi"

cdef double MAX_FLOAT = _MAX_FLOAT

FIELD_TYPES = (FieldType.FLOAT, FieldType.INTEGER, FieldType.UNSIGNED, FieldType.BOOLEAN, FieldType.STRING)

cdef enum:
    # The facts about a table of this body, and about a column of it. Records of the same table or column
    # form a chain from HEAD to TAIL until they are flushed.
    HEAD = 0
    TAIL = 1
    ROWS = 2
    FLUSHED = 3
    HOME = 2
    VALUES = 3
    PARTS = 4

# A record of a text has 31 bits for its place.
MAX_BODY_BYTES = 2**30
# What is remembered from body to body is thrown away when it is more than this.
MAX_NAMES = 100_000
MAX_NAME_BYTES = 16 * 1024 * 1024
MAX_IDLE = 1

_idle = []


def parse(bytes body not None, *, time_ns, precision=Precision.NS, types, max_errors=100, limits=NO_LIMITS):
    """Parse line protocol as `heliograph.codec.lineprotocol.python.parse` does, several times as fast."""
    if len(body) > MAX_BODY_BYTES:
        return python.parse(
            body, time_ns=time_ns, precision=precision, types=types, max_errors=max_errors, limits=limits
        )
    cdef Parser parser
    try:
        parser = _idle.pop()
    except IndexError:
        parser = Parser()
    if parser.most_tags > limits.point_tags:
        parser = Parser()  # it may know series that have too many now
    reader = LineReader(
        body, time_ns=time_ns, precision=precision, types=types, max_errors=max_errors, limits=limits
    )
    parsed = parser.parse(body, reader)
    # After an exception a parser is not used again.
    if parser.is_worth_keeping() and len(_idle) < MAX_IDLE:
        _idle.append(parser)
    return parsed


def forget():
    """Forget the series and fields of earlier bodies: the next body is read as the first was."""
    _idle.clear()


@cython.final
cdef class Parser(Scanner):
    """Reads one body after the other and remembers series and fields, with a bound, from one to the next."""

    # What is remembered: by the numbers of series, of measurements, and of fields.
    cdef list tags
    cdef dict by_tags
    cdef dict pairs
    cdef list measurements
    cdef dict measurement_numbers
    cdef set measurement_keys
    cdef list field_names

    # What is of this body only.
    cdef object reader
    cdef list rows
    cdef dict table_numbers
    cdef list slots
    cdef int32_t[::1] tables
    cdef int32_t[::1] columns

    # Chains of records, and where they are put together.
    cdef int32_t[::1] line_next
    cdef int32_t[::1] value_next
    cdef int32_t[::1] value_row
    cdef list touched_tables
    cdef list touched_columns
    cdef uint64_t[::1] words
    cdef int32_t[::1] codes
    cdef uint8_t[::1] marks
    cdef object word_bytes
    cdef object code_bytes
    cdef object mark_bytes

    def __cinit__(self):
        self.tags = []
        self.by_tags = {}
        self.pairs = {}
        self.measurements = []
        self.measurement_numbers = {}
        self.measurement_keys = set()
        self.field_names = []
        self.tables = filled(16 * PARTS, MISSING)
        self.columns = filled(64 * PARTS, MISSING)
        self.line_next = filled(MOST_LINES, MISSING)
        self.value_next = filled(MOST_VALUES, MISSING)
        self.value_row = filled(MOST_VALUES, 0)
        words, codes, marks = array("Q", [0]) * MOST_LINES, filled(MOST_LINES, 0), bytearray(MOST_LINES)
        self.words, self.codes, self.marks = words, codes, marks
        self.word_bytes = memoryview(words).cast("B")
        self.code_bytes = memoryview(codes).cast("B")
        self.mark_bytes = memoryview(marks)

    cdef object parse(self, bytes body, object reader):
        self.begin(body, reader)
        self.take_all()
        self.flush()
        self.b = self.body = b""
        self.reader = self.rows = self.slots = self.table_numbers = None
        return reader.close()

    cdef int begin(self, bytes body, object reader) except -1:
        self.b = self.body = body
        self.size = len(body)
        self.offset = 0
        self.is_utf8 = body.isascii() or _is_utf8(body)
        self.scale = reader.scale
        self.highest_time = MAX_TIME_NS // reader.scale
        self.default_ns = reader.time_ns
        self.most_bytes, self.most_tags, self.most_fields = reader.limits
        self.age += 1
        self.reader = reader
        self.rows = []
        self.slots = []
        self.table_numbers = {}
        self.touched_tables = []
        self.touched_columns = []
        return 0

    cdef bint is_worth_keeping(self) except? 0:
        return (
            self.series.count <= MAX_NAMES
            and self.fields.count <= MAX_NAMES
            and len(self.measurements) <= MAX_NAMES
            and self.series.used + self.fields.used <= MAX_NAME_BYTES
            and self.age < 2**30
        )

    cdef int take_all(self) except -1:
        """Take every line of the body."""
        cdef Outcome outcome = TAKEN
        while True:
            # To get the GIL back may take longer than a small body, so it is given away only where many
            # lines have followed each other without anything new.
            if outcome == FULL or outcome == MANY:
                with nogil:
                    outcome = self.run(MOST_LINES + 1)
            else:
                outcome = self.run(FEW_LINES)
            if outcome == AT_END:
                return 0
            if outcome == MANY:
                continue
            if outcome == FULL and self.lines > 0:
                self.flush()
            elif outcome == NEW_SERIES and self.knows_measurement() and self.add_series():
                continue
            elif outcome == SETTLE and self.settle():
                self.commit()
            else:
                self.take_slowly(outcome == NEW_SERIES or outcome == NEW_FIELD)

    cdef int take_slowly(self, bint learn) except -1:
        """Give the line at the offset to the reader, and remember its names if one of them was new."""
        self.flush()
        self.offset, taken = self.reader.take(self.offset)
        if taken is None:
            return 0
        table = self.table_numbers.get(taken.line.measurement)
        if table is not None:
            self.count_rows(table)
        if learn:
            self.learn(taken.line)
        return 0

    cdef bint knows_measurement(self) except? 0:
        """Whether the key that was read last begins as one of a known measurement."""
        return self.body[self.offset : self.at - 1].partition(b",")[0] in self.measurement_keys

    cdef bint add_series(self) except? 0:
        """Remember the series at the offset; False if its key is not right."""
        try:
            measurement, tags, end = read_key(self.body, self.offset, self.most_tags)
        except BadLine:
            return False
        return self.remember_series(self.b, self.offset, end - self.offset, measurement, tags)

    cdef bint remember_series(
        self, const uint8_t[::1] b, Py_ssize_t start, Py_ssize_t length, measurement, tags
    ) except? 0:
        cdef int32_t name = self.series.add(b, start, length, 0)
        if name < 0:
            return False
        cdef int32_t number = self.measurement_number(measurement)
        cdef int32_t first = self.by_tags.setdefault((number, tags), name)
        # Series have most of their tags in common with others: what is equal is held once.
        self.tags.append(
            tuple([self.pairs.setdefault(pair, pair) for pair in tags]) if first == name else self.tags[first]
        )
        self.series.facts[name * FACTS + MEASUREMENT] = number
        self.series.facts[name * FACTS + SAME] = first
        return True

    cdef int32_t measurement_number(self, str measurement) except -2:
        number = self.measurement_numbers.get(measurement)
        if number is None:
            number = self.measurement_numbers[measurement] = len(self.measurements)
            self.measurements.append(measurement)
        return number

    cdef int learn(self, line) except -1:
        """Remember the series and the fields of a line that is right."""
        cdef const uint8_t[::1] key = line.key
        if self.series.find(key, 0, key.shape[0], 0) < 0:
            self.remember_series(key, 0, key.shape[0], line.measurement, line.tags)
            self.measurement_keys.add(line.key.partition(b",")[0])
        cdef int32_t owner = self.measurement_number(line.measurement)
        for field in line.fields:
            key = field.raw_key
            if self.fields.find(key, 0, key.shape[0], owner) < 0:
                if self.fields.add(key, 0, key.shape[0], owner) >= 0:
                    self.field_names.append(field.name)
        return 0

    cdef bint settle(self) except? 0:
        """Give the series and the fields of the line that was read their places; False for a conflict."""
        cdef Py_ssize_t series = self.now_series * FACTS, value, field
        cdef Py_ssize_t first = self.series.facts[series + SAME] * FACTS
        measurement = self.measurements[self.series.facts[series + MEASUREMENT]]
        rows = self.reader.rows(measurement)
        if not self.has_right_types(rows):
            return False
        if self.series.facts[first + AGE] != self.age:
            self.series.facts[first + CODE] = rows.next_code(self.tags[self.now_series])
            self.series.facts[first + TABLE] = self.table_number(measurement, rows)
            self.series.facts[first + AGE] = self.age
        if first != series:
            self.series.facts[series + CODE] = self.series.facts[first + CODE]
            self.series.facts[series + TABLE] = self.series.facts[first + TABLE]
            self.series.facts[series + AGE] = self.age
        for value in range(self.values, self.now_values):
            field = self.value_field[value] * FACTS
            if self.fields.facts[field + AGE] != self.age:
                self.fields.facts[field + SLOT] = self.add_column(value, rows, self.series.facts[series + TABLE])
                self.fields.facts[field + KIND] = self.value_kind[value]
                self.fields.facts[field + AGE] = self.age
        return True

    cdef bint has_right_types(self, rows) except? 0:
        """Whether the fields without a column have the type that they had before, or no other in this line."""
        cdef Py_ssize_t value
        for value in range(self.values, self.now_values):
            if self.fields.facts[self.value_field[value] * FACTS + AGE] != self.age:
                break
        else:
            return True
        in_line = {}
        for value in range(self.values, self.now_values):
            if self.fields.facts[self.value_field[value] * FACTS + AGE] != self.age:
                name = self.field_names[self.value_field[value]]
                field_type = FIELD_TYPES[self.value_kind[value]]
                first = in_line.setdefault(name, field_type)
                if (rows.type_of(name) or first) is not field_type:
                    return False
        return True

    cdef int32_t table_number(self, measurement, rows) except -2:
        table = self.table_numbers.get(measurement)
        if table is None:
            table = self.table_numbers[measurement] = len(self.rows)
            self.rows.append(rows)
            self.tables = grown(self.tables, (table + 1) * PARTS)
            self.tables[table * PARTS + HEAD] = MISSING
            self.count_rows(table)
        return table

    cdef int count_rows(self, int32_t table) except -1:
        self.tables[table * PARTS + ROWS] = self.tables[table * PARTS + FLUSHED] = len(self.rows[table].table)
        return 0

    cdef int32_t add_column(self, Py_ssize_t value, rows, int32_t table) except -2:
        # A key as written has one meaning and a name one way to be written, so a field has one column.
        name = self.field_names[self.value_field[value]]
        slot = rows.slot(name, FIELD_TYPES[self.value_kind[value]])
        cdef int32_t column = len(self.slots)
        self.slots.append(slot)
        self.columns = grown(self.columns, (column + 1) * PARTS)
        self.columns[column * PARTS + HEAD] = MISSING
        self.columns[column * PARTS + HOME] = table
        self.columns[column * PARTS + VALUES] = self.value_kind[value]
        return column

    cdef int flush(self) except -1:
        """Put the records into the columns."""
        if self.lines == 0:
            return 0
        self.link()
        for column in self.touched_columns:
            self.flush_column(column, self.slots[column])
        for table in self.touched_tables:
            self.flush_table(table, self.rows[table].table)
        self.touched_tables.clear()
        self.touched_columns.clear()
        self.lines = self.values = 0
        return 0

    cdef int link(self) except -1:
        """Give every line its row, and chain the records that go to the same table or column."""
        cdef int32_t line, series, table, row, column
        cdef int32_t value = 0
        for line in range(self.lines):
            table = self.series.facts[self.line_series[line] * FACTS + TABLE]
            row = self.tables[table * PARTS + ROWS]
            self.tables[table * PARTS + ROWS] = row + 1
            if self.tables[table * PARTS + HEAD] < 0:
                self.tables[table * PARTS + HEAD] = line
                self.touched_tables.append(table)
            else:
                self.line_next[self.tables[table * PARTS + TAIL]] = line
            self.tables[table * PARTS + TAIL] = line
            self.line_next[line] = MISSING
            while value < self.line_values[line]:
                column = self.fields.facts[self.value_field[value] * FACTS + SLOT]
                if self.columns[column * PARTS + HEAD] < 0:
                    self.columns[column * PARTS + HEAD] = value
                    self.touched_columns.append(column)
                else:
                    self.value_next[self.columns[column * PARTS + TAIL]] = value
                self.columns[column * PARTS + TAIL] = value
                self.value_next[value] = MISSING
                self.value_row[value] = row
                value += 1
        return 0

    cdef int flush_table(self, Py_ssize_t number, table) except -1:
        cdef Py_ssize_t facts = number * PARTS, count = 0
        cdef int32_t line = self.tables[facts + HEAD]
        while line >= 0:
            self.codes[count] = self.series.facts[self.line_series[line] * FACTS + CODE]
            self.words[count] = <uint64_t>self.line_time[line]
            count += 1
            line = self.line_next[line]
        table.codes.frombytes(self.code_bytes[: 4 * count])
        table.times_ns.frombytes(self.word_bytes[: 8 * count])
        self.tables[facts + FLUSHED] = self.tables[facts + ROWS]
        self.tables[facts + HEAD] = MISSING
        return 0

    cdef int flush_column(self, Py_ssize_t number, slot) except -1:
        """Append the rows of a column, from the first that no flush has had to its last value."""
        cdef Py_ssize_t facts = number * PARTS
        cdef int32_t before = self.tables[self.columns[facts + HOME] * PARTS + FLUSHED]
        cdef int32_t value = self.columns[facts + HEAD]
        cdef Py_ssize_t count = self.value_row[self.columns[facts + TAIL]] - before + 1
        values = slot.values
        cdef bytearray valid = slot.column.valid
        if len(valid) != before:
            self.reader.leave_out(before - len(valid))
            slot.skip(before)
        if self.columns[facts + VALUES] == STRING:
            self.flush_texts(values, value, before, count)
        elif self.columns[facts + VALUES] == BOOLEAN:
            self.flush_truths(values, value, before, count)
        else:
            self.flush_numbers(values, value, before, count)
        if self.absent(count) > 0:
            self.reader.leave_out(self.absent(count))
        valid += self.mark_bytes[:count]
        self.columns[facts + HEAD] = MISSING
        return 0

    cdef Py_ssize_t absent(self, Py_ssize_t count) except -1:
        """How many of the first rows of the column that was put together last have no value."""
        cdef Py_ssize_t row, absent = count
        for row in range(count):
            absent -= self.marks[row]
        return absent

    cdef int flush_numbers(self, values, int32_t value, int32_t before, Py_ssize_t count) except -1:
        cdef Py_ssize_t row
        self.words[:count] = 0
        self.marks[:count] = 0
        while value >= 0:
            row = self.value_row[value] - before
            self.words[row] = self.value_bits[value]
            self.marks[row] = 1
            value = self.value_next[value]
        values.frombytes(self.word_bytes[: 8 * count])
        return 0

    cdef int flush_truths(self, bytearray values, int32_t value, int32_t before, Py_ssize_t count) except -1:
        cdef bytearray truths = bytearray(count)
        cdef uint8_t[::1] view = truths
        cdef Py_ssize_t row
        self.marks[:count] = 0
        while value >= 0:
            row = self.value_row[value] - before
            view[row] = self.value_bits[value] != 0
            self.marks[row] = 1
            value = self.value_next[value]
        values += truths
        return 0

    cdef int flush_texts(self, list values, int32_t value, int32_t before, Py_ssize_t count) except -1:
        cdef list texts = [""] * count
        cdef Py_ssize_t row
        cdef str text
        self.marks[:count] = 0
        while value >= 0:
            row = self.value_row[value] - before
            text = self.text(self.value_bits[value])
            texts[row] = text
            self.marks[row] = 1
            value = self.value_next[value]
        values += texts
        return 0

    cdef str text(self, uint64_t bits):
        cdef Py_ssize_t start = bits & TEXT_PART
        cdef Py_ssize_t length = (bits >> TEXT_LENGTH_AT) & TEXT_PART
        cdef str text = self.body[start : start + length].decode()
        return unescape_string(text) if bits & HIGHEST_BIT else text


def _is_utf8(body):
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
