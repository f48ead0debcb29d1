"""Reads segments of calls. Written from extension/kernel/segment/FORMAT.md alone, with nothing but the standard library.

decode(header, vectors) gives the rows of a segment. It does not look at checksums.

As a command, it takes a segment in each line of its input, as COPY writes it: the header and the vectors, in
hexadecimal digits. It writes rows, which COPY reads: the time in microseconds since 2000, the price as its bits.
"""

import ipaddress
import struct
import sys
from collections import namedtuple

RUNS_PER_BLOCK = 512
WORDS_PER_BLOCK = 64
SYMBOLS = '#*+,-.0123456789'
MULTIPLES = [factor * 10**power for power in range(10) for factor in (1, 6)]
VECTORS = ['runs', 'src_country_id', 'dst_country_id', 'src_prefix_routing', 'dst_prefix_routing', 'duration',
           'auth_orig_ip', 'customer_price']

Header = namedtuple('Header', 'account rows runs snapshots rows_at')  # snapshots: microseconds since 2000
Runs = namedtuple('Runs', 'first count')
Row = namedtuple('Row', 'snapshot account src_country_id dst_country_id src_prefix_routing dst_prefix_routing'
                        ' duration auth_orig_ip customer_price')


def signed(word):
    """A number modulo 2^64, as it is with a sign."""
    return (word + 2**63) % 2**64 - 2**63


def double(bits):
    return struct.unpack('<d', struct.pack('<Q', bits))[0]


def order(number):
    """The order of a double; from_order is the way back."""
    bits = struct.unpack('<Q', struct.pack('<d', number))[0]
    return bits ^ (2**64 - 1) if bits >> 63 else bits | 1 << 63


def from_order(word):
    return double(word & ~(1 << 63) if word >> 63 else word ^ (2**64 - 1))


def width(codes):
    return (codes - 1).bit_length()


def blocks(size, block):
    """How many there are in each block."""
    return [min(block, size - first) for first in range(0, size, block)]


class Reader:
    """Takes bytes, front to back."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def bytes(self, size):
        assert self.at + size <= len(self.data), 'it ends too early'
        self.at += size
        return self.data[self.at - size:self.at]

    def u8(self):
        return self.bytes(1)[0]

    def u64(self):
        return int.from_bytes(self.bytes(8), 'little')

    def f64(self):
        return double(self.u64())

    def varint(self):
        value = shift = 0
        while True:
            byte = self.u8()
            value |= (byte & 0x7F) << shift
            if not byte & 0x80:
                return value
            shift += 7

    def svarint(self):
        value = self.varint()
        return value // 2 if value % 2 == 0 else -(value + 1) // 2

    def bits(self, size, width):
        assert width <= 57
        packed = int.from_bytes(self.bytes((size * width + 7) // 8), 'little')
        return [packed >> i * width & (1 << width) - 1 for i in range(size)]

    def packed(self, size):
        base, width, aside = self.svarint(), self.u8(), self.varint()
        offsets = self.bits(size, width)
        beside = {self.u64(): signed(self.u64()) for _ in range(aside)}
        nothing = (1 << width) - 1 if aside else None
        return [beside[i] if offset == nothing else signed(base + offset) for i, offset in enumerate(offsets)]

    def sorted(self, size):
        sizes = blocks(size, WORDS_PER_BLOCK)
        widths = [self.u8() for _ in sizes]
        firsts = [self.u64() for _ in sizes]
        words = []
        for count, width, word in zip(sizes, widths, firsts):
            words.append(word)
            for difference in [self.u64() for _ in range(count - 1)] if width == 64 else self.bits(count - 1, width):
                word += difference + 1
                words.append(word)
        return words

    def end(self):
        assert self.bytes(8) == bytes(8), 'it has no padding'
        assert self.at == len(self.data), 'it is longer than its content'


def read_header(data):
    reader = Reader(data)
    version = reader.u8()
    assert version == 1, f'version {version}'
    account, rows, runs, size = reader.svarint(), reader.varint(), reader.varint(), reader.varint()
    for read_bound in (reader.svarint, reader.svarint, reader.svarint, reader.f64):
        if reader.u8():
            read_bound(), read_bound()
    snapshots, unit = [signed(reader.u64())], reader.varint()
    for step in reader.packed(size - 1):
        snapshots.append(snapshots[-1] + step * unit)
    rows_at = reader.packed(size)
    sizes = {vector: (reader.varint(), reader.u64())[0] for vector in VECTORS}
    reader.u64()
    assert reader.at == len(data), 'it is longer than its content'
    assert sum(rows_at) == rows
    return Header(account, rows, runs, snapshots, rows_at), sizes


def read_runs(data, size):
    reader = Reader(data)
    first, count = [], []
    for runs in blocks(size, RUNS_PER_BLOCK):
        begin, end, rows = reader.varint(), reader.varint(), reader.varint()
        first += reader.packed(runs)
        count += reader.packed(runs)
        assert sum(count[-runs:]) == rows
        assert all(begin <= f < f + c <= end for f, c in zip(first[-runs:], count[-runs:]))
    reader.end()
    return Runs(first, count)


def read_durations(data, size):
    """Of each run: its clock at its first snapshot, and whether it is uncut."""
    reader = Reader(data)
    first, uncut = [], []
    for runs in blocks(size, RUNS_PER_BLOCK):
        reader.svarint(), reader.svarint()
        first += reader.packed(runs)
        uncut += reader.bits(runs, 1) if reader.u8() else [0] * runs
    reader.end()
    return first, uncut


def countries(reader, size):
    return [signed((word ^ 0x80000000) << 32) >> 32 for word in reader.sorted(size)]


def texts(reader, size):
    values = []
    counts = [reader.varint() for _ in range(16)]
    for length, count in enumerate(counts, 1):
        for word in reader.sorted(count):
            values.append(''.join(SYMBOLS[word >> 4 * place & 15] for place in reversed(range(length))).encode())
    return values + [reader.bytes(reader.varint()) for _ in range(size - sum(counts))]


def addresses(reader, size):
    """Each as its bytes and the length of its netmask."""
    v4 = reader.varint()
    return [((word >> 8).to_bytes(4, 'big'), word & 255) for word in reader.sorted(v4)] + \
        [(reader.bytes(16), reader.u8()) for _ in range(size - v4)]


def read_attribute(data, dictionary, size):
    """Of each run, its value."""
    reader = Reader(data)
    count, has_null = reader.varint(), reader.u8()
    values = dictionary(reader, count) + [None] * has_null
    attribute = [values[code] for code in reader.bits(size, width(len(values)))]
    reader.end()
    return attribute


def listed_prices(reader, size):
    count, has_null, way = reader.varint(), reader.u8(), reader.varint()
    assert not has_null
    words = reader.sorted(count)
    if way == 0:
        values = [from_order(word) for word in words]
    else:
        multiple = MULTIPLES[way - 1]
        values = [from_order(order(((word >> 4) - 2**45) / multiple) + (word & 15) - 7) for word in words]
    return [values[code] for code in reader.bits(size, width(count))]


class Curve(namedtuple('Curve', 'initial next_rate initial_interval next_interval')):
    def at(self, clock):
        if clock < 0:
            return 0.0
        if clock <= self.initial_interval:
            return self.initial
        begun = -((self.initial_interval - clock) // self.next_interval)
        return self.initial + float(begun * self.next_interval) * self.next_rate / 60


def read_prices(data, rows, runs):
    """Of each run its curve, or None; and the prices of all listed rows."""
    reader = Reader(data)
    curves = [Curve(reader.f64(), reader.f64(), reader.varint(), reader.varint()) for _ in range(reader.varint())]
    if curves:
        curve_of = [(curves + [None])[code] for code in reader.bits(runs, width(len(curves) + 1))]
        rows = reader.varint()
        if rows:
            assert sum(reader.varint() for _ in blocks(runs, RUNS_PER_BLOCK)) == rows
    else:
        curve_of = [None] * runs
    listed = listed_prices(reader, rows) if rows else []
    reader.end()
    return curve_of, listed


def decode(header, vectors):
    """The rows of a segment, which is its columns as bytes: the header, and the vectors by their names."""
    header, sizes = read_header(header)
    for vector, size in sizes.items():
        assert len(vectors[vector]) == size, f'{vector} has another size'
    runs = read_runs(vectors['runs'], header.runs)
    clocks, uncut = read_durations(vectors['duration'], header.runs)
    attributes = [read_attribute(vectors[name], dictionary, header.runs) for name, dictionary in (
        ('src_country_id', countries), ('dst_country_id', countries), ('src_prefix_routing', texts),
        ('dst_prefix_routing', texts), ('auth_orig_ip', addresses))]
    curve_of, listed = read_prices(vectors['customer_price'], header.rows, header.runs)
    listed = iter(listed)
    seconds = [snapshot // 1_000_000 for snapshot in header.snapshots]

    rows = []
    for run in range(header.runs):
        src_country, dst_country, src, dst, address = (values[run] for values in attributes)
        for snapshot in range(runs.first[run], runs.first[run] + runs.count[run]):
            clock = clocks[run] + seconds[snapshot] - seconds[runs.first[run]]
            curve = curve_of[run]
            rows.append(Row(header.snapshots[snapshot], header.account, src_country, dst_country, src, dst,
                            clock if uncut[run] else max(clock, 0), address,
                            curve.at(clock) if curve else next(listed)))
    assert next(listed, None) is None
    at = {snapshot: 0 for snapshot in header.snapshots}
    for row in rows:
        at[row.snapshot] += 1
    assert list(at.values()) == header.rows_at
    return rows


def copied(value):
    """A value as COPY reads it."""
    if value is None:
        return b'\\N'
    if isinstance(value, bytes):
        for plain, escaped in ((b'\\', b'\\\\'), (b'\t', b'\\t'), (b'\n', b'\\n'), (b'\r', b'\\r')):
            value = value.replace(plain, escaped)
        return value
    if isinstance(value, float):
        return struct.pack('>d', value).hex().encode()
    if isinstance(value, tuple):
        address, netmask = value
        return f'{ipaddress.ip_address(address)}/{netmask}'.encode()
    return str(value).encode()


if __name__ == '__main__':
    for line in sys.stdin:
        header, *vectors = map(bytes.fromhex, line.split('\t'))
        for row in decode(header, dict(zip(VECTORS, vectors))):
            sys.stdout.buffer.write(b'\t'.join(map(copied, row)) + b'\n')
