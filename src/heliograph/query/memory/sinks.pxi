# What becomes of the points: aggregates, rates, or rows.

cdef extern from *:
    """
    typedef __int128 int128;
    """
    ctypedef long long int128

cdef enum Operation:
    MEAN, MIN, MAX, SUM, COUNT, FIRST, LAST

cdef struct Cell:
    # What is known of a field in one group and interval.
    int64_t count
    int64_t at
    int64_t value      # the bits of a double where the field has real numbers
    double sum
    int128 whole_sum

cdef struct Span:
    # Rows of a piece that lie in one interval.
    Py_ssize_t cell
    Py_ssize_t start
    Py_ssize_t stop


cdef class Grid(Sink):
    """One cell per group, field and interval; intervals are counted from the one that ``start_ns`` is in.

    They begin at multiples of ``step_ns`` and ``shift_ns`` after. ``exact`` keeps sums of whole numbers whole, as
    64 bits hold them.
    """

    cdef int operation
    cdef Py_ssize_t groups
    cdef Py_ssize_t intervals
    cdef int64_t base_ns
    cdef int64_t step_ns
    cdef bint exact
    cdef Cell* cells
    cdef uint8_t* real
    cdef Span* spans
    cdef Py_ssize_t room

    def __cinit__(self, int operation, Py_ssize_t groups, reals, int64_t start_ns, int64_t end_ns, int64_t step_ns, int64_t shift_ns=0, bint exact=False):
        cdef int64_t remainder = (start_ns - shift_ns) % step_ns
        self.operation = operation
        self.groups = groups
        self.fields = len(reals)
        self.step_ns, self.exact = step_ns, exact
        self.base_ns = start_ns - remainder - (step_ns if remainder < 0 else 0)
        self.intervals = (end_ns - 1 - self.base_ns) // step_ns + 1
        self.cells = <Cell*>_zeros(groups * self.fields * self.intervals * sizeof(Cell))
        self.real = <uint8_t*>_zeros(self.fields)
        for i, real in enumerate(reals):
            self.real[i] = real

    def __dealloc__(self):
        free(self.cells)
        free(self.real)
        free(self.spans)

    cdef int take(self, int64_t series, int group, Piece* piece) noexcept nogil:
        cdef Py_ssize_t count
        cdef int k
        cdef Cell* cells
        count = self.cut(piece)
        if count < 0:
            return -1
        for k in range(self.fields):
            if piece.values[k] == NULL:
                continue
            cells = self.cells + (group * self.fields + k) * self.intervals
            if self.operation == MEAN or self.operation == SUM:
                if self.real[k]:
                    self.add_real(cells, count, <double*>piece.values[k], piece.valid[k])
                else:
                    self.add_whole(cells, count, piece.values[k], piece.valid[k])
            elif self.operation == MIN or self.operation == MAX:
                if self.real[k]:
                    self.extreme_real(cells, count, <double*>piece.values[k], piece.valid[k])
                else:
                    self.extreme_whole(cells, count, piece.values[k], piece.valid[k])
            elif self.operation == COUNT:
                self.add_count(cells, count, piece.valid[k])
            else:
                self.end_value(cells, count, piece.times, piece.values[k], piece.valid[k])
        return 0

    cdef Py_ssize_t cut(self, Piece* piece) noexcept nogil:
        """Cut a piece into spans of one interval each and return how many they are."""
        cdef Py_ssize_t count = 0, row = 0, start, room
        cdef int64_t cell, last_ns
        cdef Span* spans
        while row < piece.length:
            if count == self.room:
                room = max(256, 2 * self.room)
                spans = <Span*>malloc(room * sizeof(Span))
                if spans == NULL:
                    return -1
                if count:
                    memcpy(spans, self.spans, count * sizeof(Span))
                free(self.spans)
                self.spans, self.room = spans, room
            start = row
            cell = (piece.times[row] - self.base_ns) // self.step_ns
            if cell + 1 < self.intervals:
                last_ns = self.base_ns + cell * self.step_ns + (self.step_ns - 1)
                while row < piece.length and piece.times[row] <= last_ns:
                    row += 1
            else:
                row = piece.length
            self.spans[count].cell, self.spans[count].start, self.spans[count].stop = cell, start, row
            count += 1
        return count

    cdef void add_real(self, Cell* cells, Py_ssize_t count, double* values, uint8_t* valid) noexcept nogil:
        cdef Py_ssize_t i, row
        cdef Cell* cell
        cdef double total
        cdef int64_t n
        for i in range(count):
            cell = cells + self.spans[i].cell
            total, n = cell.sum, cell.count
            if valid == NULL:
                for row in range(self.spans[i].start, self.spans[i].stop):
                    total += values[row]
                n += self.spans[i].stop - self.spans[i].start
            else:
                for row in range(self.spans[i].start, self.spans[i].stop):
                    if valid[row]:
                        total += values[row]
                        n += 1
            cell.sum, cell.count = total, n

    cdef void add_whole(self, Cell* cells, Py_ssize_t count, int64_t* values, uint8_t* valid) noexcept nogil:
        cdef Py_ssize_t i, row
        cdef Cell* cell
        for i in range(count):
            cell = cells + self.spans[i].cell
            for row in range(self.spans[i].start, self.spans[i].stop):
                if valid == NULL or valid[row]:
                    cell.whole_sum += values[row]
                    cell.sum += values[row]
                    cell.count += 1

    cdef void extreme_real(self, Cell* cells, Py_ssize_t count, double* values, uint8_t* valid) noexcept nogil:
        cdef Py_ssize_t i, row
        cdef Cell* cell
        cdef double best, sign = 1 if self.operation == MAX else -1
        for i in range(count):
            cell = cells + self.spans[i].cell
            best = (<double*>&cell.value)[0]
            for row in range(self.spans[i].start, self.spans[i].stop):
                if valid != NULL and not valid[row]:
                    continue
                if cell.count == 0 or (values[row] - best) * sign > 0:
                    best = values[row]
                cell.count += 1
            (<double*>&cell.value)[0] = best

    cdef void extreme_whole(self, Cell* cells, Py_ssize_t count, int64_t* values, uint8_t* valid) noexcept nogil:
        cdef Py_ssize_t i, row
        cdef Cell* cell
        cdef int64_t best
        cdef bint most = self.operation == MAX
        for i in range(count):
            cell = cells + self.spans[i].cell
            best = cell.value
            for row in range(self.spans[i].start, self.spans[i].stop):
                if valid != NULL and not valid[row]:
                    continue
                if cell.count == 0 or (values[row] > best if most else values[row] < best):
                    best = values[row]
                cell.count += 1
            cell.value = best

    cdef void add_count(self, Cell* cells, Py_ssize_t count, uint8_t* valid) noexcept nogil:
        cdef Py_ssize_t i, row
        for i in range(count):
            if valid == NULL:
                cells[self.spans[i].cell].count += self.spans[i].stop - self.spans[i].start
                continue
            for row in range(self.spans[i].start, self.spans[i].stop):
                cells[self.spans[i].cell].count += valid[row]

    cdef void end_value(self, Cell* cells, Py_ssize_t count, int64_t* times, int64_t* values, uint8_t* valid) noexcept nogil:
        """Take the first or last value of each span, if it is the first or last of its cell."""
        cdef Py_ssize_t i, row
        cdef Cell* cell
        cdef bint last = self.operation == LAST
        for i in range(count):
            cell = cells + self.spans[i].cell
            if last:
                row = self.spans[i].stop - 1
                while row >= self.spans[i].start and valid != NULL and not valid[row]:
                    row -= 1
                if row < self.spans[i].start:
                    continue
            else:
                row = self.spans[i].start
                while row < self.spans[i].stop and valid != NULL and not valid[row]:
                    row += 1
                if row == self.spans[i].stop:
                    continue
            if cell.count == 0 or (times[row] > cell.at if last else times[row] < cell.at):
                cell.at, cell.value = times[row], values[row]
            cell.count += 1

    def times_ns(self):
        """Return the starts of the intervals in which any group has a value, and the numbers of those."""
        held = bytearray(self.intervals)
        cdef uint8_t[:] mark = held
        cdef Py_ssize_t row, i
        for row in range(self.groups * self.fields):
            for i in range(self.intervals):
                if self.cells[row * self.intervals + i].count:
                    mark[i] = 1
        numbers = array("q", [i for i in range(self.intervals) if mark[i]])
        return [self.base_ns + i * self.step_ns for i in numbers], numbers

    def values(self, Py_ssize_t group, Py_ssize_t field, array numbers not None):
        """Return a group's values of a field in some intervals, None where there is none; None if nowhere."""
        cdef int64_t[:] at = numbers
        cdef Py_ssize_t i
        cdef Cell* cell
        cdef bint any_value = False
        if not (0 <= group < self.groups and 0 <= field < self.fields):
            raise IndexError((group, field))
        cdef list found = []
        for i in range(at.shape[0]):
            if not 0 <= at[i] < self.intervals:
                raise IndexError(at[i])
            cell = self.cells + (group * self.fields + field) * self.intervals + at[i]
            if cell.count == 0:
                found.append(None)
                continue
            any_value = True
            found.append(self.value_of(cell, self.real[field]))
        return found if any_value else None

    cdef object value_of(self, Cell* cell, bint real):
        if self.operation == MEAN:
            return cell.sum / cell.count if real else <double>cell.whole_sum / cell.count
        if self.operation == SUM:
            return <int64_t>cell.whole_sum if self.exact and not real else cell.sum
        if self.operation == COUNT:
            return cell.count
        return (<double*>&cell.value)[0] if real else cell.value


cdef struct Counter:
    # A field of the series that is gone through: its last value in the interval before, and in this one.
    bint known
    double value
    int64_t at
    bint has_current
    int64_t interval
    double current
    int64_t current_at


cdef class Rate(Grid):
    """A grid of sums of changes per second: of each series' last values per interval, if not negative."""

    cdef Counter* counters
    cdef int64_t series
    cdef int group

    def __cinit__(self, int operation, Py_ssize_t groups, reals, *_):
        self.operation = SUM
        self.counters = <Counter*>_zeros(len(reals) * sizeof(Counter))
        self.series = -1

    def __dealloc__(self):
        free(self.counters)

    cdef int take(self, int64_t series, int group, Piece* piece) noexcept nogil:
        cdef int k
        cdef Py_ssize_t row
        cdef int64_t since_ns, interval
        cdef Counter* counter
        if series != self.series:
            self.end()
            self.series, self.group = series, group
            memset(self.counters, 0, self.fields * sizeof(Counter))
        for k in range(self.fields):
            if piece.values[k] == NULL:
                continue
            counter = self.counters + k
            for row in range(piece.length):
                if piece.valid[k] != NULL and not piece.valid[k][row]:
                    continue
                since_ns = piece.times[row] - self.base_ns
                interval = since_ns // self.step_ns - (since_ns % self.step_ns < 0)
                if counter.has_current and counter.interval != interval:
                    self.close_interval(k)
                counter.has_current, counter.interval = True, interval
                counter.current_at = piece.times[row]
                if self.real[k]:
                    counter.current = (<double*>piece.values[k])[row]
                else:
                    counter.current = <double>piece.values[k][row]
        return 0

    cdef void close_interval(self, int k) noexcept nogil:
        cdef Counter* counter = self.counters + k
        cdef Cell* cell
        if counter.known and counter.interval >= 0 and counter.current >= counter.value:
            cell = self.cells + (self.group * self.fields + k) * self.intervals + counter.interval
            cell.sum += (counter.current - counter.value) * 1e9 / (counter.current_at - counter.at)
            cell.count += 1
        counter.known, counter.value, counter.at = True, counter.current, counter.current_at

    cdef int end(self) noexcept nogil:
        cdef int k
        for k in range(self.fields):
            if self.counters[k].has_current:
                self.close_interval(k)
                self.counters[k].has_current = False
        return 0


cdef class Rows(Sink):
    """The points themselves, up to a number of them; ``full`` tells that there were more."""

    cdef readonly bint full
    cdef Py_ssize_t most
    cdef Py_ssize_t count
    cdef Py_ssize_t room
    cdef Place* order
    cdef int64_t* of_series
    cdef int64_t* values
    cdef uint8_t* valid
    cdef uint8_t* real

    def __cinit__(self, reals, Py_ssize_t most, *_):
        cdef Py_ssize_t k
        self.fields = len(reals)
        self.most = most
        self.real = <uint8_t*>_zeros(self.fields)
        for k in range(self.fields):
            self.real[k] = reals[k]

    def __dealloc__(self):
        free(self.order)
        free(self.of_series)
        free(self.values)
        free(self.valid)
        free(self.real)

    cdef int take(self, int64_t series, int group, Piece* piece) noexcept nogil:
        cdef Py_ssize_t i
        for i in range(piece.length):
            if self.count == self.most:
                self.full = True
                return 0
            if self.holds(piece, i, self.fields):
                if self.add(series, piece, i) < 0:
                    return -1
        return 0

    cdef bint holds(self, Piece* piece, Py_ssize_t row, int fields) noexcept nogil:
        """Return whether a point has a value in one of the first ``fields``."""
        cdef int k
        for k in range(fields):
            if piece.values[k] != NULL and (piece.valid[k] == NULL or piece.valid[k][row]):
                return True
        return False

    cdef int add(self, int64_t series, Piece* piece, Py_ssize_t row) noexcept nogil:
        if self.grow(self.count + 1) < 0:
            return -1
        self.put(self.count, series, piece, row)
        self.count += 1
        return 0

    cdef void put(self, Py_ssize_t place, int64_t series, Piece* piece, Py_ssize_t row) noexcept nogil:
        cdef Py_ssize_t at = place * self.fields
        cdef int k
        cdef bint held
        for k in range(self.fields):
            held = piece.values[k] != NULL and (piece.valid[k] == NULL or piece.valid[k][row])
            self.valid[at + k] = held
            if held:
                self.values[at + k] = piece.values[k][row]
        self.order[place].time_ns, self.order[place].row, self.order[place].source = piece.times[row], place, 0
        self.of_series[place] = series

    cdef int grow(self, Py_ssize_t rows) noexcept nogil:
        cdef Py_ssize_t room = max(rows, 2 * self.room)
        cdef void* grown
        if rows <= self.room:
            return 0
        grown = realloc(self.order, room * sizeof(Place))
        if grown == NULL:
            return -1
        self.order = <Place*>grown
        grown = realloc(self.of_series, room * sizeof(int64_t))
        if grown == NULL:
            return -1
        self.of_series = <int64_t*>grown
        grown = realloc(self.values, room * self.fields * sizeof(int64_t))
        if grown == NULL:
            return -1
        self.values = <int64_t*>grown
        grown = realloc(self.valid, room * self.fields)
        if grown == NULL:
            return -1
        self.valid = <uint8_t*>grown
        self.room = room
        return 0

    cdef int end(self) noexcept nogil:
        if self.count:
            qsort(self.order, self.count, sizeof(Place), _by_time_and_rank)
        return 0

    def columns(self, Py_ssize_t limit, bint last):
        """Return the first or last rows by time as times, numbers of series and a list per field."""
        cdef Py_ssize_t shown = min(self.count, limit), first, i, k, at
        cdef list times = [], series = [], values
        first = self.count - shown if last else 0
        for i in range(first, first + shown):
            times.append(self.order[i].time_ns)
            series.append(self.of_series[self.order[i].row])
        fields = []
        for k in range(self.fields):
            values = []
            for i in range(first, first + shown):
                at = self.order[i].row * self.fields + k
                if not self.valid[at]:
                    values.append(None)
                elif self.real[k]:
                    values.append((<double*>self.values)[at])
                else:
                    values.append(self.values[at])
            fields.append(values)
        return times, series, fields


cdef class SeriesRows(Rows):
    """The points series by series, those of each by time; of each series not more than the first or last few.

    A point counts that has a value in one of the first ``needed`` fields. ``few`` of 0 is all of them.
    """

    cdef int needed
    cdef Py_ssize_t few
    cdef bint last
    cdef int64_t series
    cdef Py_ssize_t first_row
    cdef Py_ssize_t seen

    def __cinit__(self, reals, Py_ssize_t most, int needed, Py_ssize_t few, bint last):
        if not 0 <= needed <= len(reals) or few < 0:
            raise ValueError("a number of fields and a number of points are expected")
        self.needed, self.few, self.last = needed, few, last
        self.series = -1

    cdef int take(self, int64_t series, int group, Piece* piece) noexcept nogil:
        cdef Py_ssize_t i = 0, found = 0
        if self.full:  # the latest series may have fewer points than it counted
            return 0
        if series != self.series:
            self.end()
            self.series, self.first_row, self.seen = series, self.count, 0
        if self.few and self.last:
            i = piece.length
            while i > 0 and found < self.few:
                i -= 1
                found += self.holds(piece, i, self.needed)
        while i < piece.length:
            if self.few and not self.last and self.seen == self.few:
                return 0
            if self.holds(piece, i, self.needed):
                if self.keep(series, piece, i) < 0:
                    return -1
                if self.full:
                    return 0
            i += 1
        return 0

    cdef int keep(self, int64_t series, Piece* piece, Py_ssize_t row) noexcept nogil:
        """Take a point; where a series has enough, the last ones take the places of its first."""
        if self.few and self.last and self.seen >= self.few:
            self.put(self.first_row + self.seen % self.few, series, piece, row)
        elif self.count == self.most:
            self.full = True
        elif self.add(series, piece, row) < 0:
            return -1
        self.seen += 1
        return 0

    cdef int end(self) noexcept nogil:
        """Bring the points of the latest series in order, which may have gone round."""
        if self.few and self.last and self.seen > self.few:
            qsort(self.order + self.first_row, self.count - self.first_row, sizeof(Place), _by_time_and_rank)
        return 0

    def spans(self):
        """Return for each series its number, and where its points begin and end."""
        cdef Py_ssize_t i, first = 0
        cdef list found = []
        for i in range(1, self.count + 1):
            if i == self.count or self.of_series[self.order[i].row] != self.of_series[self.order[first].row]:
                found.append((self.of_series[self.order[first].row], first, i))
                first = i
        return found
