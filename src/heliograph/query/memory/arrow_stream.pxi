# The Arrow C stream interface, as far as columns of numbers need it.

cdef extern from *:
    """
    #include <stdint.h>
    struct ArrowSchema {
        const char *format, *name, *metadata;
        int64_t flags, n_children;
        struct ArrowSchema **children, *dictionary;
        void (*release)(struct ArrowSchema *);
        void *private_data;
    };
    struct ArrowArray {
        int64_t length, null_count, offset, n_buffers, n_children;
        const void **buffers;
        struct ArrowArray **children, *dictionary;
        void (*release)(struct ArrowArray *);
        void *private_data;
    };
    struct ArrowArrayStream {
        int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *);
        int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *);
        const char *(*get_last_error)(struct ArrowArrayStream *);
        void (*release)(struct ArrowArrayStream *);
        void *private_data;
    };
    """
    cdef struct ArrowSchema:
        const char* format
        const char* name
        int64_t n_children
        ArrowSchema** children
        void (*release)(ArrowSchema*) noexcept
    cdef struct ArrowArray:
        int64_t length
        int64_t null_count
        int64_t offset
        const void** buffers
        ArrowArray** children
        void (*release)(ArrowArray*) noexcept
    cdef struct ArrowArrayStream:
        int (*get_schema)(ArrowArrayStream*, ArrowSchema*) noexcept
        int (*get_next)(ArrowArrayStream*, ArrowArray*) noexcept
        const char* (*get_last_error)(ArrowArrayStream*) noexcept


cdef class Texts:
    """Different texts, each with a number that counts from 0 in the order in which they came."""

    cdef dict numbers
    cdef readonly list listed
    cdef readonly Py_ssize_t size_bytes
    cdef Py_ssize_t most_bytes

    def __init__(self, most_bytes):
        self.numbers = {}
        self.listed = []
        self.size_bytes = 0
        self.most_bytes = most_bytes

    @property
    def full(self):
        """Whether there is no room for more."""
        return self.size_bytes > self.most_bytes

    cdef int64_t number(self, str text) except -1:
        found = self.numbers.get(text)
        if found is not None:
            return found
        self.size_bytes += 4 * len(text) + 150
        if self.size_bytes > self.most_bytes:
            raise OverflowError
        self.numbers[text] = len(self.listed)
        self.listed.append(text)
        return len(self.listed) - 1


cdef class Column:
    """Numbers of one type, eight bytes each, and which of them are there."""

    cdef int64_t* values
    cdef uint8_t* valid
    cdef Py_ssize_t length
    cdef Py_ssize_t room
    cdef readonly bint real

    def __cinit__(self, Py_ssize_t room, bint real):
        self.room = room
        self.real = real
        self.values = <int64_t*>malloc(max(room, 1) * sizeof(int64_t))
        if self.values == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.values)
        free(self.valid)

    def __len__(self):
        return self.length

    @property
    def size_bytes(self):
        """What it takes in memory."""
        return self.room * (8 if self.valid == NULL else 9)

    def counts(self):
        """Return whether it holds 0, 1, 2 and so on."""
        cdef Py_ssize_t i
        for i in range(self.length):
            if self.values[i] != i:
                return False
        return self.valid == NULL

    cdef int append(self, const char* format, ArrowArray* array) except -1:
        cdef Py_ssize_t n = array.length, offset = array.offset, i
        cdef const uint8_t* bits = <const uint8_t*>array.buffers[0]
        cdef int64_t* to = self.values + self.length
        cdef const void* raw = array.buffers[1]
        if self.length + n > self.room:
            raise ValueError(f"more than the {self.room} rows that were expected")
        if format[0] == c"l" or format[0] == c"g":
            memcpy(to, <const int64_t*>raw + offset, n * sizeof(int64_t))
        elif format[0] == c"i":
            for i in range(n):
                to[i] = (<const int32_t*>raw)[offset + i]
        else:  # only whether they are there
            for i in range(n):
                to[i] = 1
        if bits != NULL and array.null_count != 0:
            self.make_valid()
            for i in range(n):
                self.valid[self.length + i] = bits[(offset + i) >> 3] >> ((offset + i) & 7) & 1
        elif self.valid != NULL:
            memset(self.valid + self.length, 1, n)
        self.length += n
        return 0

    cdef int append_texts(self, ArrowArray* array, Texts texts) except -1:
        """Append the numbers of texts."""
        cdef Py_ssize_t n = array.length, offset = array.offset, i
        cdef const uint8_t* bits = <const uint8_t*>array.buffers[0]
        cdef const int32_t* ends = <const int32_t*>array.buffers[1] + offset
        cdef const char* data = <const char*>array.buffers[2]
        cdef bint gaps = bits != NULL and array.null_count != 0
        if self.length + n > self.room:
            raise ValueError(f"more than the {self.room} rows that were expected")
        if gaps:
            self.make_valid()
        for i in range(n):
            self.values[self.length + i] = 0
            if self.valid != NULL:
                self.valid[self.length + i] = not gaps or bits[(offset + i) >> 3] >> ((offset + i) & 7) & 1
                if not self.valid[self.length + i]:
                    continue
            text = PyUnicode_DecodeUTF8(data + ends[i], ends[i + 1] - ends[i], NULL)
            self.values[self.length + i] = texts.number(text)
        self.length += n
        return 0

    cdef int make_valid(self) except -1:
        if self.valid == NULL:
            self.valid = <uint8_t*>malloc(max(self.room, 1))
            if self.valid == NULL:
                raise MemoryError
            memset(self.valid, 1, self.length)
        return 0

    def places(self):
        """Return where each of the numbers 0, 1, 2 and so on stands in this column."""
        cdef Column found = Column(self.length, False)
        cdef Py_ssize_t i
        for i in range(self.length):
            found.values[i] = -1
        for i in range(self.length):
            if not 0 <= self.values[i] < self.length or found.values[self.values[i]] >= 0:
                raise ValueError("the rows are not numbered")
            found.values[self.values[i]] = i
        found.length = self.length
        return found

    def take(self, Column order not None):
        """Return the values in another order."""
        cdef Column taken = Column(order.length, self.real)
        cdef Py_ssize_t i, at
        if self.valid != NULL:
            taken.length = 0
            taken.make_valid()
        for i in range(order.length):
            at = order.values[i]
            if not 0 <= at < self.length:
                raise IndexError(at)
            taken.values[i] = self.values[at]
            if self.valid != NULL:
                taken.valid[i] = self.valid[at]
        taken.length = order.length
        return taken

    def part(self, Py_ssize_t start, Py_ssize_t end):
        """Return the values from ``start`` on and before ``end``."""
        if not 0 <= start <= end <= self.length:
            raise IndexError(start)
        cdef Column part = Column(end - start, self.real)
        memcpy(part.values, self.values + start, (end - start) * sizeof(int64_t))
        part.length = 0
        if self.valid != NULL:
            part.make_valid()
            memcpy(part.valid, self.valid + start, end - start)
        part.length = end - start
        return part


def read(stream, Py_ssize_t rows, wanted, present=(), texts={}):
    """Return the named columns of an Arrow stream, a dict; each int32, int64 or float64.

    Of those in ``present``, which may be of any type, there are only ones where something is. ``texts`` has,
    by name, what numbers the texts of columns that are such.

    Raises:
        ValueError: it has other types, or more rows.
        OverflowError: there are more different texts than are kept.
    """
    capsule = stream.__arrow_c_stream__()
    cdef ArrowArrayStream* source = <ArrowArrayStream*>PyCapsule_GetPointer(capsule, b"arrow_array_stream")
    cdef ArrowSchema schema
    cdef ArrowArray array
    cdef Column column
    cdef int64_t i
    if source.get_schema(source, &schema) != 0:
        raise ValueError(_last_error(source))
    columns = []
    try:
        for i in range(schema.n_children):
            name = schema.children[i].name.decode()
            if name not in wanted:
                columns.append(None)
                continue
            texts_of = texts.get(name)
            if texts_of is not None and schema.children[i].format == b"u":
                columns.append((name, Column(rows, False), texts_of))
                continue
            if name not in present and schema.children[i].format not in (b"i", b"l", b"g"):
                raise ValueError(f"column {name} is of type {schema.children[i].format.decode()}")
            real = name not in present and schema.children[i].format == b"g"
            columns.append((name, Column(rows, real), None))
        while True:
            if source.get_next(source, &array) != 0:
                raise ValueError(_last_error(source))
            if array.release == NULL:
                break
            try:
                for i in range(schema.n_children):
                    if columns[i] is not None:
                        column = columns[i][1]
                        if columns[i][2] is not None:
                            column.append_texts(array.children[i], columns[i][2])
                            continue
                        format = b"+" if columns[i][0] in present else schema.children[i].format
                        column.append(format, array.children[i])
            finally:
                array.release(&array)
    finally:
        schema.release(&schema)
    return {entry[0]: entry[1] for entry in columns if entry is not None}


cdef _last_error(ArrowArrayStream* source):
    cdef const char* text = source.get_last_error(source)
    return "no reason was given" if text == NULL else text.decode(errors="replace")
