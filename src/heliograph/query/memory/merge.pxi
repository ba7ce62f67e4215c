# Going through several sources so that each point comes once.

cdef struct Piece:
    # Consecutive points of one series, ascending in time. A NULL in values: no point has the field.
    int64_t* times
    Py_ssize_t length
    int64_t** values
    uint8_t** valid

cdef struct Run:
    int64_t series
    int64_t first_ns
    int64_t last_ns
    int source
    Py_ssize_t start
    Py_ssize_t stop

cdef struct Place:
    int64_t time_ns
    int source
    Py_ssize_t row

cdef enum Comparison:
    EQUAL, UNEQUAL, LESS, AT_MOST, MORE, AT_LEAST


cdef class Source:
    """Columns sorted by series: run ``i`` holds the points of ``series[i]``.

    ``ordered`` is whether in each run the times ascend strictly. Columns may come later, by name.
    """

    cdef readonly list series
    cdef readonly dict columns
    cdef readonly bint ordered
    cdef Column times
    cdef int64_t* bounds

    def __cinit__(self, Column times not None, list series not None, array starts not None):
        """``starts`` has an entry more than there are series: the number of rows."""
        cdef Py_ssize_t i, row
        cdef int64_t[:] given = starts
        self.times = times
        self.series = series
        self.columns = {}
        self.bounds = <int64_t*>malloc(given.shape[0] * sizeof(int64_t))
        if self.bounds == NULL:
            raise MemoryError
        if given.shape[0] != len(series) + 1 or given[0] != 0 or given[len(series)] != times.length:
            raise ValueError("the runs are not those of the rows")
        for i in range(given.shape[0]):
            if i and given[i] < given[i - 1]:
                raise ValueError("the runs overlap")
            self.bounds[i] = given[i]
        self.ordered = times.valid == NULL
        for i in range(given.shape[0] - 1):
            for row in range(given[i] + 1, given[i + 1]):
                if times.values[row] <= times.values[row - 1]:
                    self.ordered = False

    def __dealloc__(self):
        free(self.bounds)

    @property
    def size_bytes(self):
        """What it takes in memory, with a guess for the names of its series."""
        return self.times.size_bytes + 200 * len(self.series) + sum(c.size_bytes for c in self.columns.values() if c is not None)


def order_by_series(Column codes not None, int series):
    """Return the rows by series, each series' in their order, and where each series starts."""
    cdef Column order = Column(codes.length, False)
    starts = array("q", bytes(8 * (series + 1)))
    cdef int64_t[:] at = starts
    cdef Py_ssize_t i
    cdef int64_t code
    for i in range(codes.length):
        if not 0 <= codes.values[i] < series:
            raise ValueError(f"there is no series {codes.values[i]}")
        at[codes.values[i] + 1] += 1
    for i in range(series):
        at[i + 1] += at[i]
    cursor = array("q", starts)
    cdef int64_t[:] free_row = cursor
    for i in range(codes.length):
        code = codes.values[i]
        order.values[free_row[code]] = i
        free_row[code] += 1
    order.length = codes.length
    return order, starts


cdef class Sink:
    """Where points go."""

    cdef int fields

    cdef int take(self, int64_t series, int group, Piece* piece) noexcept nogil:
        return -1

    cdef int end(self) noexcept nogil:
        return 0


def scan(list sources, list ids, array groups, list names, list conditions, int64_t start_ns, int64_t end_ns, Sink sink):
    """Give a sink the points with ``start_ns <= time < end_ns``, series by series, ascending in time.

    ``ids`` holds, per source, an array with the number of each of its runs' series, ``groups`` the group of each
    series or -1. Of equal series and time the later source wins, field by field, and in one source the later row.
    Only points pass that meet all ``conditions``: (column, comparison, number), with whole and real number.
    """
    cdef Scan work = Scan(sources, ids, groups, names, conditions, start_ns, end_ns)
    cdef int failed
    with nogil:
        failed = work.run(sink)
    if failed:
        raise MemoryError


cdef class Scan:
    cdef list kept
    cdef int64_t start_ns
    cdef int64_t end_ns
    cdef Py_ssize_t sources
    cdef int columns        # with those that only conditions look at
    cdef int64_t** times    # by source
    cdef int64_t** values   # by source and column
    cdef uint8_t** valid
    cdef uint8_t* real      # by column
    cdef int* ordered       # by source
    cdef Run* runs
    cdef Py_ssize_t count
    cdef int* groups
    cdef int conditions
    cdef int* condition_column
    cdef int* comparison
    cdef double* real_limit
    cdef int64_t* whole_limit
    # room for points that have to be copied
    cdef Py_ssize_t room
    cdef int64_t* copied_times
    cdef int64_t** copied_values
    cdef uint8_t** copied_valid
    cdef Place* places

    def __cinit__(self, list sources, list ids, array groups, list names, list conditions, int64_t start_ns, int64_t end_ns):
        cdef Py_ssize_t i, k, at
        cdef Source source
        cdef Column column
        cdef int[:] numbers
        cdef int64_t start, stop, low, high, number
        self.kept = [sources, ids, groups]
        self.start_ns, self.end_ns = start_ns, end_ns
        self.sources = len(sources)
        self.columns = len(names)
        self.conditions = len(conditions)
        self.times = <int64_t**>_zeros(self.sources * sizeof(void*))
        self.values = <int64_t**>_zeros(self.sources * self.columns * sizeof(void*))
        self.valid = <uint8_t**>_zeros(self.sources * self.columns * sizeof(void*))
        self.real = <uint8_t*>_zeros(self.columns)
        self.ordered = <int*>_zeros(self.sources * sizeof(int))
        self.copied_values = <int64_t**>_zeros(self.columns * sizeof(void*))
        self.copied_valid = <uint8_t**>_zeros(self.columns * sizeof(void*))
        self.runs = <Run*>_zeros(sum(len(one) for one in ids) * sizeof(Run))
        self.condition_column = <int*>_zeros(self.conditions * sizeof(int))
        self.comparison = <int*>_zeros(self.conditions * sizeof(int))
        self.real_limit = <double*>_zeros(self.conditions * sizeof(double))
        self.whole_limit = <int64_t*>_zeros(self.conditions * sizeof(int64_t))
        for i, (at, comparison, whole, real) in enumerate(conditions):
            if not 0 <= at < self.columns:
                raise IndexError(at)
            self.condition_column[i], self.comparison[i] = at, comparison
            self.whole_limit[i], self.real_limit[i] = whole, real
        cdef int[:] group_of = groups
        self.groups = &group_of[0] if group_of.shape[0] else NULL
        for i in range(self.sources):
            source = sources[i]
            numbers = ids[i]
            if numbers.shape[0] != len(source.series):
                raise ValueError("a number is expected for each series")
            self.times[i] = source.times.values
            self.ordered[i] = source.ordered
            for k in range(self.columns):
                column = source.columns.get(names[k])
                if column is None:
                    continue
                if column.length != source.times.length:
                    raise ValueError("the columns are not equally long")
                self.values[i * self.columns + k] = column.values
                self.valid[i * self.columns + k] = column.valid
                self.real[k] = column.real
            for k in range(numbers.shape[0]):
                number = numbers[k]
                if not 0 <= number < group_of.shape[0]:
                    raise IndexError(number)
                if group_of[number] < 0:
                    continue
                start, stop = source.bounds[k], source.bounds[k + 1]
                if source.ordered:
                    low = _first_at(source.times.values, start, stop, start_ns)
                    high = _first_at(source.times.values, low, stop, end_ns)
                    if low < high:
                        self.add_run(number, i, low, high, source.times.values[low], source.times.values[high - 1])
                elif start < stop:
                    # out of order: the merge sorts it, and leaves out what is outside
                    self.add_run(number, i, start, stop, start_ns, end_ns - 1)

    def __dealloc__(self):
        cdef int k
        for k in range(self.columns):
            if self.copied_values != NULL:
                free(self.copied_values[k])
            if self.copied_valid != NULL:
                free(self.copied_valid[k])
        free(self.copied_values)
        free(self.copied_valid)
        free(self.copied_times)
        free(self.places)
        free(self.times)
        free(self.values)
        free(self.valid)
        free(self.real)
        free(self.ordered)
        free(self.runs)
        free(self.condition_column)
        free(self.comparison)
        free(self.real_limit)
        free(self.whole_limit)

    cdef void add_run(self, int64_t series, int source, Py_ssize_t start, Py_ssize_t stop, int64_t first_ns, int64_t last_ns) noexcept:
        cdef Run* run = self.runs + self.count
        run.series, run.source, run.start, run.stop = series, source, start, stop
        run.first_ns, run.last_ns = first_ns, last_ns
        self.count += 1

    cdef int run(self, Sink sink) noexcept nogil:
        """Return 0, or -1 if there is not enough memory."""
        cdef Py_ssize_t i = 0, j
        cdef bint apart
        qsort(self.runs, self.count, sizeof(Run), _by_series_and_time)
        while i < self.count:
            j = i + 1
            apart = self.ordered[self.runs[i].source]
            while j < self.count and self.runs[j].series == self.runs[i].series:
                apart = apart and self.ordered[self.runs[j].source] and self.runs[j].first_ns > self.runs[j - 1].last_ns
                j += 1
            if (self.each(sink, i, j) if apart else self.merged(sink, i, j)) < 0:
                return -1
            i = j
        return sink.end()

    cdef int each(self, Sink sink, Py_ssize_t first, Py_ssize_t last) noexcept nogil:
        """Give the sink runs that do not overlap, as they are."""
        cdef Py_ssize_t i
        cdef Run* run
        for i in range(first, last):
            run = self.runs + i
            if self.direct(sink, run) < 0:
                return -1
        return 0

    cdef int direct(self, Sink sink, Run* run) noexcept nogil:
        cdef Piece piece
        cdef int64_t* values[64]
        cdef uint8_t* valid[64]
        cdef int k
        cdef Py_ssize_t at
        for k in range(self.columns):
            at = run.source * self.columns + k
            values[k] = NULL if self.values[at] == NULL else self.values[at] + run.start
            valid[k] = NULL if self.valid[at] == NULL else self.valid[at] + run.start
        piece.times = self.times[run.source] + run.start
        piece.length = run.stop - run.start
        piece.values, piece.valid = values, valid
        return self.passed(sink, run.series, &piece)

    cdef int merged(self, Sink sink, Py_ssize_t first, Py_ssize_t last) noexcept nogil:
        """Copy the points of overlapping runs into one piece, each point once."""
        cdef Py_ssize_t i, row, total = 0, count = 0, out = -1
        cdef int k
        cdef int64_t time_ns
        cdef Piece piece
        for i in range(first, last):
            total += self.runs[i].stop - self.runs[i].start
        if self.make_room(total) < 0:
            return -1
        for i in range(first, last):
            for row in range(self.runs[i].start, self.runs[i].stop):
                time_ns = self.times[self.runs[i].source][row]
                if self.start_ns <= time_ns < self.end_ns:
                    self.places[count].time_ns = time_ns
                    self.places[count].source = self.runs[i].source
                    self.places[count].row = row
                    count += 1
        qsort(self.places, count, sizeof(Place), _by_time_and_rank)
        for i in range(count):
            if out < 0 or self.places[i].time_ns != self.copied_times[out]:
                out += 1
                self.copied_times[out] = self.places[i].time_ns
                for k in range(self.columns):
                    self.copied_valid[k][out] = 0
            for k in range(self.columns):
                self.copy_value(k, self.places[i].source, self.places[i].row, out)
        piece.times, piece.length = self.copied_times, out + 1
        piece.values, piece.valid = self.copied_values, self.copied_valid
        return self.passed(sink, self.runs[first].series, &piece)

    cdef void copy_value(self, int k, int source, Py_ssize_t row, Py_ssize_t out) noexcept nogil:
        cdef Py_ssize_t at = source * self.columns + k
        if self.values[at] != NULL and (self.valid[at] == NULL or self.valid[at][row]):
            self.copied_values[k][out] = self.values[at][row]
            self.copied_valid[k][out] = 1

    cdef int make_room(self, Py_ssize_t rows) noexcept nogil:
        cdef int k
        if rows <= self.room:
            return 0
        free(self.copied_times)
        free(self.places)
        self.copied_times = <int64_t*>malloc(rows * sizeof(int64_t))
        self.places = <Place*>malloc(rows * sizeof(Place))
        if self.copied_times == NULL or self.places == NULL:
            return -1
        for k in range(self.columns):
            free(self.copied_values[k])
            free(self.copied_valid[k])
            self.copied_values[k] = <int64_t*>malloc(rows * sizeof(int64_t))
            self.copied_valid[k] = <uint8_t*>malloc(rows)
            if self.copied_values[k] == NULL or self.copied_valid[k] == NULL:
                return -1
        self.room = rows
        return 0

    cdef int passed(self, Sink sink, int64_t series, Piece* piece) noexcept nogil:
        """Give the sink those points of a piece that meet the conditions."""
        cdef Py_ssize_t i = 0, start
        cdef Piece part
        cdef int64_t* values[64]
        cdef uint8_t* valid[64]
        cdef int k
        if self.conditions == 0:
            return sink.take(series, self.groups[series], piece)
        while i < piece.length:
            if not self.meets(piece, i):
                i += 1
                continue
            start = i
            while i < piece.length and self.meets(piece, i):
                i += 1
            for k in range(self.columns):
                values[k] = NULL if piece.values[k] == NULL else piece.values[k] + start
                valid[k] = NULL if piece.valid[k] == NULL else piece.valid[k] + start
            part.times, part.length, part.values, part.valid = piece.times + start, i - start, values, valid
            if sink.take(series, self.groups[series], &part) < 0:
                return -1
        return 0

    cdef bint meets(self, Piece* piece, Py_ssize_t row) noexcept nogil:
        cdef int c, k
        for c in range(self.conditions):
            k = self.condition_column[c]
            if piece.values[k] == NULL or (piece.valid[k] != NULL and not piece.valid[k][row]):
                return False
            if self.real[k]:
                if not _compare_real((<double*>piece.values[k])[row], self.comparison[c], self.real_limit[c]):
                    return False
            elif not _compare_whole(piece.values[k][row], self.comparison[c], self.whole_limit[c]):
                return False
        return True


cdef bint _compare_real(double value, int comparison, double limit) noexcept nogil:
    if comparison == EQUAL:
        return value == limit
    if comparison == UNEQUAL:
        return value != limit
    if comparison == LESS:
        return value < limit
    if comparison == AT_MOST:
        return value <= limit
    if comparison == MORE:
        return value > limit
    return value >= limit


cdef bint _compare_whole(int64_t value, int comparison, int64_t limit) noexcept nogil:
    if comparison == EQUAL:
        return value == limit
    if comparison == UNEQUAL:
        return value != limit
    if comparison == LESS:
        return value < limit
    if comparison == AT_MOST:
        return value <= limit
    if comparison == MORE:
        return value > limit
    return value >= limit


cdef int _by_series_and_time(const void* a, const void* b) noexcept nogil:
    cdef Run* one = <Run*>a
    cdef Run* other = <Run*>b
    if one.series != other.series:
        return -1 if one.series < other.series else 1
    if one.first_ns != other.first_ns:
        return -1 if one.first_ns < other.first_ns else 1
    return one.source - other.source


cdef int _by_time_and_rank(const void* a, const void* b) noexcept nogil:
    cdef Place* one = <Place*>a
    cdef Place* other = <Place*>b
    if one.time_ns != other.time_ns:
        return -1 if one.time_ns < other.time_ns else 1
    if one.source != other.source:
        return one.source - other.source
    return (one.row > other.row) - (one.row < other.row)


cdef int64_t _first_at(int64_t* times, int64_t low, int64_t high, int64_t time_ns) noexcept nogil:
    """Return the first row whose time is at least ``time_ns``."""
    cdef int64_t middle
    while low < high:
        middle = low + (high - low) // 2
        if times[middle] < time_ns:
            low = middle + 1
        else:
            high = middle
    return low


cdef void* _zeros(Py_ssize_t size) except NULL:
    cdef void* memory = calloc(max(size, 1), 1)
    if memory == NULL:
        raise MemoryError
    return memory
