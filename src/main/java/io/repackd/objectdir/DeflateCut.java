package io.repackd.objectdir;

import java.util.Arrays;

/**
 * Takes the beginning of what a deflate stream holds away from it, without compressing the rest anew.
 *
 * <p>A loose object is a stream of header and content, and a pack wants one of the content alone. To inflate is ten times as fast
 * as to compress, and to copy faster still.
 *
 * <p>The symbols that stand for the beginning are taken out of the first block, and what comes after them stays as it is. It must
 * not refer to what is gone; only the {@value #WINDOW_BYTES} bytes after it could, and these are looked at. So that all that
 * follows moves by whole bytes, and blocks stored as they are stay where such blocks may begin, some bits are put in before: empty
 * blocks, which have ten each, and one more length, of zero, in the list of a block's code lengths, which has three.
 *
 * <p>That cannot always be done: what is to go may lie in several blocks, share a symbol with what stays, or be referred to. And
 * nothing here is proof that the stream is a good one: whoever uses the result inflates it.
 *
 * <p>Source of the format: RFC 1951. For one thread.
 */
final class DeflateCut {
  /** Enough of a stream to find out, however badly its beginning is compressed. */
  static final int NEEDED_BYTES = 1 << 16;

  /** As far as a deflate stream can refer back. */
  private static final int WINDOW_BYTES = 1 << 15;

  private static final int STORED = 0;
  private static final int FIXED = 1;
  private static final int DYNAMIC = 2;

  private static final int BLOCK_HEAD_BITS = 3;
  private static final int COUNTS_BITS = 10;
  private static final int LENGTH_COUNT_BITS = 4;
  private static final int LENGTH_BITS = 3;

  /** The end of a block is the symbol of seven zero bits in it. */
  private static final int EMPTY_BLOCK = FIXED << 1;

  private static final int EMPTY_BLOCK_BITS = 10;

  private static final int END_OF_BLOCK = 256;
  private static final int LENGTH_CODES = 29;
  private static final int DISTANCE_CODES = 30;

  /** A block's head has 570 bytes at most, with all code lengths in it. */
  private static final int MAX_PREFIX_BYTES = 1 << 10;

  private static final byte[] ORDER_OF_LENGTHS = {
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15
  };

  private static final int[] LENGTH_BASE = new int[LENGTH_CODES];
  private static final int[] LENGTH_EXTRA = new int[LENGTH_CODES];
  private static final int[] DISTANCE_BASE = new int[DISTANCE_CODES];
  private static final int[] DISTANCE_EXTRA = new int[DISTANCE_CODES];

  static {
    for (int code = 0, base = 3; code < LENGTH_CODES - 1; code++) {
      LENGTH_EXTRA[code] = code < 8 ? 0 : code / 4 - 1;
      LENGTH_BASE[code] = base;
      base += 1 << LENGTH_EXTRA[code];
    }
    LENGTH_BASE[LENGTH_CODES - 1] = 258;
    for (int code = 0, base = 1; code < DISTANCE_CODES; code++) {
      DISTANCE_EXTRA[code] = code < 4 ? 0 : code / 2 - 1;
      DISTANCE_BASE[code] = base;
      base += 1 << DISTANCE_EXTRA[code];
    }
  }

  private final PrefixCode literals = new PrefixCode();
  private final PrefixCode distances = new PrefixCode();
  private final byte[] lengths = new byte[PrefixCode.MAX_SYMBOLS + 32];
  private final byte[] lengthLengths = new byte[ORDER_OF_LENGTHS.length];
  private final byte[] prefix = new byte[MAX_PREFIX_BYTES];

  private final BitInput in = new BitInput();

  private byte[] stream = {};
  private int start;
  private int cutBytes;

  /** How much the symbols that were read stand for. */
  private long produced;

  /** Where the first block's symbols begin, counted from the start of the stream. */
  private long symbolsBit;

  /** Where what is to go ends; negative while it is not known. */
  private long cutBit;

  private long prefixBits;
  private int resume;

  /**
   * Finds out how.
   *
   * @param bytes has the stream, or the first {@value #NEEDED_BYTES} bytes of it
   * @param from where it begins
   * @param to where what there is of it ends; what follows it may be in it
   * @param cut how many bytes of what it holds are to go, more than none
   * @return whether it can be done: then a stream of the rest are the first {@link #prefixBytes} of {@link #prefix}, followed by
   *     what the given one has from {@link #resume} on
   */
  boolean find(byte[] bytes, int from, int to, int cut) {
    stream = bytes;
    start = from;
    cutBytes = cut;
    produced = 0;
    cutBit = -1;
    in.begin(bytes, from, to);
    boolean last = false;
    for (boolean first = true; !last && produced < cut + (long) WINDOW_BYTES; first = false) {
      last = in.take(1) == 1;
      int kind = in.take(2);
      if (!block(kind, first) || in.beyondEnd() || cutBit < 0) {
        return false;
      }
    }
    return resume <= to; // a block may say that it has more than there is
  }

  byte[] prefix() {
    return prefix;
  }

  int prefixBytes() {
    return (int) (prefixBits / Byte.SIZE);
  }

  /** Counted as the beginning of the stream was. */
  int resume() {
    return resume;
  }

  private boolean block(int kind, boolean first) {
    switch (kind) {
      case STORED -> {
        return stored(first);
      }
      case FIXED -> {
        symbolsBit = in.position();
        return symbols(PrefixCode.FIXED_LITERALS, PrefixCode.FIXED_DISTANCES)
            && (!first || composeFixed());
      }
      case DYNAMIC -> {
        if (!codes()) {
          return false;
        }
        long begin = in.position();
        if (first) {
          symbolsBit = begin;
        }
        return symbols(literals, distances) && (!first || composeDynamic());
      }
      default -> {
        return false;
      }
    }
  }

  private boolean stored(boolean first) {
    in.align();
    int length = in.take(16);
    int inverted = in.take(16);
    if (in.beyondEnd() || (length ^ inverted) != 0xffff) {
      return false;
    }
    int data = start + (int) (in.position() / Byte.SIZE);
    produced += length;
    if (first) {
      if (length < cutBytes) {
        return false;
      }
      prefix[0] = stream[start];
      int left = length - cutBytes;
      prefix[1] = (byte) left;
      prefix[2] = (byte) (left >>> 8);
      prefix[3] = (byte) ~left;
      prefix[4] = (byte) (~left >>> 8);
      prefixBits = 5L * Byte.SIZE;
      resume = data + cutBytes;
      cutBit = (resume - start) * (long) Byte.SIZE;
    }
    in.skipBytes(length);
    return true;
  }

  /** Reads the codes of a block. */
  private boolean codes() {
    int literalCount = in.take(5) + 257;
    int distanceCount = in.take(5) + 1;
    int lengthCount = in.take(LENGTH_COUNT_BITS) + 4;
    Arrays.fill(lengthLengths, (byte) 0);
    for (int i = 0; i < lengthCount; i++) {
      lengthLengths[ORDER_OF_LENGTHS[i]] = (byte) in.take(LENGTH_BITS);
    }
    // The code of the literals is not read yet.
    if (!literals.build(lengthLengths, 0, lengthLengths.length)) {
      return false;
    }
    int count = literalCount + distanceCount;
    int i = 0;
    while (i < count) {
      int symbol = in.symbol(literals);
      if (symbol < 0 || in.beyondEnd()) {
        return false;
      }
      if (symbol < 16) {
        lengths[i++] = (byte) symbol;
        continue;
      }
      if (symbol == 16 && i == 0) {
        return false;
      }
      byte repeated = symbol == 16 ? lengths[i - 1] : 0;
      int times =
          switch (symbol) {
            case 16 -> 3 + in.take(2);
            case 17 -> 3 + in.take(3);
            default -> 11 + in.take(7);
          };
      if (i + times > count) {
        return false;
      }
      Arrays.fill(lengths, i, i + times, repeated);
      i += times;
    }
    return literalCount <= PrefixCode.MAX_SYMBOLS
        && literals.build(lengths, 0, literalCount)
        && distances.build(lengths, literalCount, distanceCount);
  }

  /** Reads a block's symbols, up to its end or to where nothing can refer to what is to go. */
  private boolean symbols(PrefixCode literalCode, PrefixCode distanceCode) {
    long enough = cutBytes + (long) WINDOW_BYTES;
    while (produced < enough) {
      int symbol = in.symbol(literalCode);
      if (symbol < 0 || in.beyondEnd()) {
        return false;
      }
      if (symbol == END_OF_BLOCK) {
        return true;
      }
      if (symbol < END_OF_BLOCK) {
        produced++;
      } else if (!match(symbol - END_OF_BLOCK - 1, distanceCode)) {
        return false;
      }
      if (cutBit < 0 && produced >= cutBytes) {
        if (produced > cutBytes) {
          return false;
        }
        cutBit = in.position();
      }
    }
    return true;
  }

  private boolean match(int lengthCode, PrefixCode distanceCode) {
    if (lengthCode >= LENGTH_CODES) {
      return false;
    }
    int length = LENGTH_BASE[lengthCode] + in.take(LENGTH_EXTRA[lengthCode]);
    int symbol = in.symbol(distanceCode);
    if (symbol < 0 || symbol >= DISTANCE_CODES) {
      return false;
    }
    int distance = DISTANCE_BASE[symbol] + in.take(DISTANCE_EXTRA[symbol]);
    if (distance > produced - (cutBit < 0 ? 0 : cutBytes)) {
      return false;
    }
    produced += length;
    return true;
  }

  /** Puts together a beginning in which the header's symbols are not. */
  private boolean composeFixed() {
    long gone = cutBit - symbolsBit;
    if (cutBit < 0 || gone % 2 != 0) {
      return false;
    }
    putEmptyBlocks(gone);
    copyBits(0, BLOCK_HEAD_BITS);
    return join();
  }

  private boolean composeDynamic() {
    if (cutBit < 0) {
      return false;
    }
    long gone = cutBit - symbolsBit;
    int more = (int) (gone % 2);
    long countAt = BLOCK_HEAD_BITS + COUNTS_BITS;
    int count = (int) bitsAt(countAt, LENGTH_COUNT_BITS) + 4;
    if (count + more > ORDER_OF_LENGTHS.length) {
      return false;
    }
    putEmptyBlocks(gone - more * (long) LENGTH_BITS);
    copyBits(0, countAt);
    put(count + more - 4, LENGTH_COUNT_BITS);
    long lengthsAt = countAt + LENGTH_COUNT_BITS;
    long lengthsEnd = lengthsAt + count * (long) LENGTH_BITS;
    copyBits(lengthsAt, lengthsEnd);
    put(0, more * LENGTH_BITS);
    copyBits(lengthsEnd, symbolsBit);
    return join();
  }

  /** As many bits as are missing to whole bytes, an even number. */
  private void putEmptyBlocks(long bits) {
    prefixBits = 0;
    for (long missing = Math.floorMod(bits, (long) Byte.SIZE); missing > 0; missing -= 2) {
      put(EMPTY_BLOCK, EMPTY_BLOCK_BITS); // two more than a byte
    }
  }

  /** Ends in the middle of a byte where the rest begins in the middle of one. */
  private boolean join() {
    if (prefixBits % Byte.SIZE != cutBit % Byte.SIZE) {
      throw new IllegalStateException(
          "%d bits are to be followed by those from %d on".formatted(prefixBits, cutBit));
    }
    long end = Math.ceilDiv(cutBit, (long) Byte.SIZE);
    copyBits(cutBit, end * Byte.SIZE);
    resume = start + (int) end;
    return true;
  }

  private long bitsAt(long bit, int count) {
    long value = 0;
    for (int i = 0; i < count; i++) {
      long at = bit + i;
      value |= (stream[start + (int) (at / Byte.SIZE)] >>> at % Byte.SIZE & 1L) << i;
    }
    return value;
  }

  private void copyBits(long from, long to) {
    for (long bit = from; bit < to; bit += Byte.SIZE) {
      int count = (int) Math.min(Byte.SIZE, to - bit);
      put((int) bitsAt(bit, count), count);
    }
  }

  private void put(int value, int count) {
    for (int i = 0; i < count; i++) {
      int at = (int) (prefixBits / Byte.SIZE);
      int shift = (int) (prefixBits % Byte.SIZE);
      int kept = shift == 0 ? 0 : prefix[at] & (1 << shift) - 1;
      prefix[at] = (byte) (kept | (value >>> i & 1) << shift);
      prefixBits++;
    }
  }
}
