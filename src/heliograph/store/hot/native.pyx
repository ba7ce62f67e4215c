# cython: language_level=3, boundscheck=True, wraparound=False, initializedcheck=False
"""Columns of hot points, compiled: what ``python.py`` does, without an object per row.

Every index is checked. The GIL is kept: a call takes less time than getting it back would.
"""

from cpython.array cimport array
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport free, malloc, qsort

from heliograph.model.time import DAY_NS as _DAY_NS

cdef int64_t DAY_NS = _DAY_NS


cdef struct Entry:
    # A row on its way to its place among the sorted ones.
    int64_t time
    int32_t rank
    int32_t row


cdef int before(const void* left, const void* right) noexcept nogil:
    cdef const Entry* a = <const Entry*>left
    cdef const Entry* b = <const Entry*>right
    if a.rank != b.rank:
        return -1 if a.rank < b.rank else 1
    if a.time != b.time:
        return -1 if a.time < b.time else 1
    return -1 if a.row < b.row else a.row > b.row


cdef array new_array(str kind, Py_ssize_t count):
    return array(kind, [0]) * count


cdef uint64_t[::1] words(values):
    """Values of eight bytes each, as their bits."""
    return memoryview(values).cast("B").cast("Q")


def bounds(int64_t[::1] times_ns not None):
    cdef int64_t low = times_ns[0], high = times_ns[0]
    cdef Py_ssize_t row
    for row in range(times_ns.shape[0]):
        if times_ns[row] < low:
            low = times_ns[row]
        elif times_ns[row] > high:
            high = times_ns[row]
    return low, high


def days(int64_t[::1] times_ns not None):
    cdef int64_t day = 0, last = 0
    cdef Py_ssize_t row
    found = set()
    for row in range(times_ns.shape[0]):
        day = times_ns[row] // DAY_NS
        if row == 0 or day != last:
            found.add(day)
            last = day
    return sorted(found)


def place(hot, latest, int32_t[::1] codes not None, int64_t[::1] times_ns not None):
    hot_codes, hot_times = hot
    cdef int64_t[::1] last_times = latest[0]
    cdef int32_t[::1] last_rows = latest[1]
    cdef Py_ssize_t count = codes.shape[0], index, fresh = 0
    cdef int32_t first = len(hot_times), row
    cdef int32_t code
    cdef int64_t time_ns
    cdef bint in_order = True
    new_codes, new_times, placed = new_array("i", count), new_array("q", count), new_array("i", count)
    cdef int32_t[::1] to_codes = new_codes, rows = placed
    cdef int64_t[::1] to_times = new_times
    for index in range(count):
        code, time_ns = codes[index], times_ns[index]
        if time_ns == last_times[code]:
            rows[index] = last_rows[code]
            continue
        row = first + <int32_t>fresh
        if time_ns > last_times[code]:
            last_times[code] = time_ns
            last_rows[code] = row
        else:
            in_order = False
        to_codes[fresh] = code
        to_times[fresh] = time_ns
        rows[index] = row
        fresh += 1
    hot_codes.frombytes(memoryview(new_codes).cast("B")[: 4 * fresh])
    hot_times.frombytes(memoryview(new_times).cast("B")[: 8 * fresh])
    return (None if fresh == count else placed), in_order


def merge(values, uint8_t[::1] valid not None, int32_t[::1] rows not None, more, uint8_t[::1] more_valid not None):
    cdef Py_ssize_t index
    cdef uint64_t[::1] to_words, from_words
    cdef uint8_t[::1] to_bytes, from_bytes
    if more_valid.shape[0] == 0:
        return
    if isinstance(values, array):
        to_words, from_words = words(values), words(more)
        for index in range(more_valid.shape[0]):
            if more_valid[index]:
                to_words[rows[index]] = from_words[index]
                valid[rows[index]] = 1
    elif isinstance(values, bytearray):
        to_bytes, from_bytes = values, more
        for index in range(more_valid.shape[0]):
            if more_valid[index]:
                to_bytes[rows[index]] = from_bytes[index]
                valid[rows[index]] = 1
    else:
        for index in range(more_valid.shape[0]):
            if more_valid[index]:
                values[rows[index]] = more[index]
                valid[rows[index]] = 1


def pack_bits(const uint8_t[::1] flags not None):
    cdef Py_ssize_t row, count = flags.shape[0]
    cdef bytearray packed = bytearray((count + 7) // 8)
    cdef uint8_t[::1] bits = packed
    cdef Py_ssize_t there = 0
    for row in range(count):
        if flags[row]:
            bits[row >> 3] |= <uint8_t>(1 << (row & 7))
            there += 1
    return None if there == count else bytes(packed)


def order(
    int32_t[::1] codes not None, int64_t[::1] times_ns not None, int32_t[::1] ranks not None, span, *, bint in_order
):
    cdef int64_t first_ns = span[0], last_ns = span[1]
    if in_order:
        return by_rank(codes, times_ns, ranks, first_ns, last_ns), None
    return by_rank_and_time(codes, times_ns, ranks, first_ns, last_ns)


cdef array by_rank(
    int32_t[::1] codes, int64_t[::1] times_ns, int32_t[::1] ranks, int64_t first_ns, int64_t last_ns
):
    """Count how many rows each rank has, and put each row behind those before it."""
    cdef array starts_of = new_array("i", ranks.shape[0] + 1)
    cdef int32_t[::1] starts = starts_of
    cdef Py_ssize_t row, rank, count = 0
    for row in range(codes.shape[0]):
        if first_ns <= times_ns[row] <= last_ns:
            starts[ranks[codes[row]] + 1] += 1
            count += 1
    for rank in range(ranks.shape[0]):
        starts[rank + 1] += starts[rank]
    cdef array ordered = new_array("i", count)
    cdef int32_t[::1] rows = ordered
    for row in range(codes.shape[0]):
        if first_ns <= times_ns[row] <= last_ns:
            rank = ranks[codes[row]]
            rows[starts[rank]] = <int32_t>row
            starts[rank] += 1
    return ordered


cdef by_rank_and_time(
    int32_t[::1] codes, int64_t[::1] times_ns, int32_t[::1] ranks, int64_t first_ns, int64_t last_ns
):
    cdef Py_ssize_t row, count = 0
    cdef Entry* entries = <Entry*>malloc(max(codes.shape[0], 1) * sizeof(Entry))
    if entries == NULL:
        raise MemoryError
    try:
        for row in range(codes.shape[0]):
            if first_ns <= times_ns[row] <= last_ns:
                entries[count] = Entry(times_ns[row], ranks[codes[row]], <int32_t>row)
                count += 1
        qsort(entries, count, sizeof(Entry), before)
        ordered, numbers = new_array("i", count), new_array("i", count)
        fill(entries, count, ordered, numbers)
    finally:
        free(entries)
    return ordered, (None if count == 0 or numbers[count - 1] + 1 == count else numbers)


cdef int fill(const Entry* entries, Py_ssize_t count, int32_t[::1] rows, int32_t[::1] numbers) except -1:
    cdef Py_ssize_t index
    cdef int32_t point = 0
    for index in range(count):
        if index > 0 and (
            entries[index].rank != entries[index - 1].rank or entries[index].time != entries[index - 1].time
        ):
            point += 1
        rows[index] = entries[index].row
        numbers[index] = point
    return 0


def take(values, int32_t[::1] rows not None):
    cdef Py_ssize_t index
    cdef uint64_t[::1] to_words, from_words
    cdef int32_t[::1] to_ints, from_ints
    cdef uint8_t[::1] to_bytes, from_bytes
    if isinstance(values, list):
        return [values[row] for row in rows]
    if isinstance(values, bytearray):
        taken = bytearray(rows.shape[0])
        to_bytes, from_bytes = taken, values
        for index in range(rows.shape[0]):
            to_bytes[index] = from_bytes[rows[index]]
        return taken
    taken = new_array(values.typecode, rows.shape[0])
    if rows.shape[0] == 0:
        return taken
    if values.itemsize == 4:
        to_ints, from_ints = taken, values
        for index in range(rows.shape[0]):
            to_ints[index] = from_ints[rows[index]]
        return taken
    to_words, from_words = words(taken), words(values)
    for index in range(rows.shape[0]):
        to_words[index] = from_words[rows[index]]
    return taken


def last_valid(const uint8_t[::1] valid not None, int32_t[::1] rows not None, int32_t[::1] points not None):
    cdef Py_ssize_t count = points[points.shape[0] - 1] + 1, index
    chosen, there = new_array("i", count), bytearray(count)
    cdef int32_t[::1] last = chosen
    cdef uint8_t[::1] marks = there
    for index in range(rows.shape[0]):
        if valid[rows[index]] or not marks[points[index]]:
            last[points[index]] = rows[index]
            marks[points[index]] = valid[rows[index]]
    return chosen, there
