package io.repackd.objectdir;

import java.util.Arrays;

/**
 * Takes the beginning of what a deflate stream holds away from it, without compressing the rest anew.
 *
 * <p>A loose object is a stream of header and content, and a pack wants one of the content alone. To inflate is many times as fast
 * as to compress, and to copy faster still.
 *
 * <p>The symbols that stand for the beginning are taken out of the first block. What refers to it from the
 * {@value #WINDOW_BYTES} bytes after it, for nothing further away can, is said by literals instead. All the rest stays as it is, and
 * moves by whole bytes, so that it is copied, and blocks that are stored as they are stay where such blocks may be. For that some
 * bits are put in before: empty blocks, of ten bits each, and where an odd number is missing one more length, of zero, in the
 * list of the block's code lengths, which takes three, or an empty block of an odd number.
 *
 * <p>That cannot always be done: what is to go may lie in several blocks, or share a symbol with what stays, and a block need not
 * have words for what is to be said by literals. And nothing here is proof that the stream is a good one: whoever uses the result
 * inflates it.
 *
 * <p>Source of the format: RFC 1951. For one thread.
 */
final class DeflateCut {
  /** Enough of a stream that anybody would write to find out, however badly its beginning can be compressed. */
  static final int NEEDED_BYTES = 1 << 16;

  /** What is to go is at most so long. */
  static final int MAX_CUT_BYTES = LooseHeader.MAX_BYTES;

  /** The longest that a symbol can stand for. */
  static final int MAX_MATCH_BYTES = 258;

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

  /** What is said by literals: more often is not worth it. */
  private static final int MAX_REPLACED = 64;

  private static final int MAX_REPLACEMENT_BYTES = 1 << 12;

  /** Empty blocks and longer lists of lengths. */
  private static final int MAX_PADDING_BYTES = 1 << 6;

  /** What is left is longer than the stream was by at most so much, and mostly by a few bytes. */
  static final int MAX_LONGER_BYTES = MAX_REPLACEMENT_BYTES + MAX_PADDING_BYTES;

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
    LENGTH_BASE[LENGTH_CODES - 1] = MAX_MATCH_BYTES;
    for (int code = 0, base = 1; code < DISTANCE_CODES; code++) {
      DISTANCE_EXTRA[code] = code < 4 ? 0 : code / 2 - 1;
      DISTANCE_BASE[code] = base;
      base += 1 << DISTANCE_EXTRA[code];
    }
  }

  private final BitInput in = new BitInput();
  private final PrefixCode literals = new PrefixCode();
  private final PrefixCode distances = new PrefixCode();
  private final byte[] lengths = new byte[PrefixCode.MAX_SYMBOLS + 32];
  private final byte[] lengthLengths = new byte[ORDER_OF_LENGTHS.length];
  private final BitOutput prefix = new BitOutput(NEEDED_BYTES + MAX_LONGER_BYTES);

  /** What matches are replaced with, one after the other: where they are, and where what is said instead ends. */
  private final BitOutput replacements = new BitOutput(MAX_REPLACEMENT_BYTES);

  private final long[] replacedFrom = new long[MAX_REPLACED];
  private final long[] replacedTo = new long[MAX_REPLACED];
  private final long[] replacementEnds = new long[MAX_REPLACED];
  private int replaced;

  private byte[] stream = {};
  private int start;
  private byte[] known = {};
  private int knownBytes;
  private int cutBytes;

  /** How much the symbols that were read stand for. */
  private long produced;

  private int firstKind;

  /** Where the first block's symbols begin, counted from the start of the stream. */
  private long symbolsBit;

  /** Where what is to go ends; negative while it is not known. */
  private long cutBit;

  private boolean storedSeen;
  private int prefixBytes;
  private int resume;

  /**
   * Finds out how.
   *
   * @param bytes has the stream, or the first {@value #NEEDED_BYTES} bytes of it
   * @param from where it begins
   * @param to where what there is of it ends; what follows it may be in it
   * @param inflated what the stream begins with, inflated
   * @param inflatedBytes how much of it is known: {@link #MAX_CUT_BYTES} and {@link #MAX_MATCH_BYTES} more are always enough
   * @param cut how many bytes of that are to go, 1 to {@link #MAX_CUT_BYTES}
   * @return whether it can be done: then a stream of the rest are the first {@link #prefixBytes} of {@link #prefix}, followed by
   *     what the given one has from {@link #resume} on
   */
  boolean find(byte[] bytes, int from, int to, byte[] inflated, int inflatedBytes, int cut) {
    stream = bytes;
    start = from;
    known = inflated;
    knownBytes = inflatedBytes;
    cutBytes = cut;
    produced = 0;
    cutBit = -1;
    storedSeen = false;
    replaced = 0;
    replacements.reset();
    in.begin(bytes, from, to);
    if (!read() || !compose()) {
      return false;
    }
    return resume <= to; // a block may say that it has more than there is
  }

  byte[] prefix() {
    return prefix.bytes();
  }

  int prefixBytes() {
    return prefixBytes;
  }

  /** Counted as the beginning of the stream was. */
  int resume() {
    return resume;
  }

  /** Reads as far as something can refer to what is to go. */
  private boolean read() {
    boolean last = false;
    for (boolean first = true; !last && produced < cutBytes + (long) WINDOW_BYTES; first = false) {
      last = in.take(1) == 1;
      int kind = in.take(2);
      if (first) {
        firstKind = kind;
      }
      if (!block(kind, first) || in.beyondEnd() || cutBit < 0) {
        return false;
      }
    }
    return true;
  }

  private boolean block(int kind, boolean first) {
    switch (kind) {
      case STORED -> {
        return stored(first);
      }
      case FIXED -> {
        return symbols(PrefixCode.FIXED_LITERALS, PrefixCode.FIXED_DISTANCES, first);
      }
      case DYNAMIC -> {
        return codes() && symbols(literals, distances, first);
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
    storedSeen = true;
    produced += length;
    if (first) {
      if (length < cutBytes) {
        return false;
      }
      symbolsBit = in.position();
      cutBit = symbolsBit + cutBytes * (long) Byte.SIZE;
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
    return literals.build(lengths, 0, literalCount)
        && distances.build(lengths, literalCount, distanceCount);
  }

  /** Reads a block's symbols, up to its end or to where nothing can refer to what is to go. */
  private boolean symbols(PrefixCode literalCode, PrefixCode distanceCode, boolean first) {
    if (first) {
      symbolsBit = in.position();
    }
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
      } else if (!match(symbol - END_OF_BLOCK - 1, literalCode, distanceCode)) {
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

  private boolean match(int lengthCode, PrefixCode literalCode, PrefixCode distanceCode) {
    if (lengthCode >= LENGTH_CODES) {
      return false;
    }
    long begin = in.position() - PrefixCode.bits(literalCode.word(lengthCode + END_OF_BLOCK + 1));
    int length = LENGTH_BASE[lengthCode] + in.take(LENGTH_EXTRA[lengthCode]);
    int symbol = in.symbol(distanceCode);
    if (symbol < 0 || symbol >= DISTANCE_CODES) {
      return false;
    }
    int distance = DISTANCE_BASE[symbol] + in.take(DISTANCE_EXTRA[symbol]);
    if (distance > produced) {
      return false;
    }
    if (cutBit >= 0
        && distance > produced - cutBytes
        && !replace(begin, length, distance, literalCode)) {
      return false;
    }
    produced += length;
    return true;
  }

  /** Says by literals what refers to what is to go. */
  private boolean replace(long begin, int length, int distance, PrefixCode code) {
    // What is stored as it is has to move by whole bytes.
    if (storedSeen || replaced == MAX_REPLACED) {
      return false;
    }
    int from = (int) produced - distance;
    for (int i = 0; i < length; i++) {
      int at = from + i % distance;
      int word = at < knownBytes ? code.word(known[at] & 0xff) : 0;
      int bits = PrefixCode.bits(word);
      if (bits == 0 || !replacements.hasRoom(bits)) {
        return false;
      }
      replacements.put(PrefixCode.symbol(word), bits);
    }
    replacedFrom[replaced] = begin;
    replacedTo[replaced] = in.position();
    replacementEnds[replaced] = replacements.position();
    replaced++;
    return true;
  }

  /** Puts the beginning together. */
  private boolean compose() {
    prefix.reset();
    if (firstKind == STORED) {
      return composeStored();
    }
    long gone = cutBit - symbolsBit - replacements.position();
    for (int i = 0; i < replaced; i++) {
      gone += replacedTo[i] - replacedFrom[i];
    }
    boolean odd = gone % 2 != 0;
    long countAt = BLOCK_HEAD_BITS + COUNTS_BITS;
    int count = (int) BitOutput.read(stream, start, countAt, LENGTH_COUNT_BITS) + 4;
    boolean longer = odd && firstKind == DYNAMIC && count < ORDER_OF_LENGTHS.length;
    if (longer) {
      putEmptyBlocks(gone - LENGTH_BITS);
      copy(0, countAt);
      prefix.put(count + 1 - 4, LENGTH_COUNT_BITS);
      long lengthsAt = countAt + LENGTH_COUNT_BITS;
      long lengthsEnd = lengthsAt + count * (long) LENGTH_BITS;
      copy(lengthsAt, lengthsEnd);
      prefix.put(0, LENGTH_BITS);
      copy(lengthsEnd, symbolsBit);
    } else {
      if (odd) {
        putOddBlock();
      }
      putEmptyBlocks(gone - prefix.position());
      copy(0, symbolsBit);
    }
    long from = cutBit;
    long replacement = 0;
    for (int i = 0; i < replaced; i++) {
      copy(from, replacedFrom[i]);
      prefix.copy(replacements.bytes(), 0, replacement, replacementEnds[i]);
      replacement = replacementEnds[i];
      from = replacedTo[i];
    }
    join(from);
    return true;
  }

  /** What is stored begins with the third byte, and says twice how long it is. */
  private boolean composeStored() {
    int left =
        (int) BitOutput.read(stream, start, symbolsBit - 2L * Short.SIZE, Short.SIZE) - cutBytes;
    copy(0, symbolsBit - 2L * Short.SIZE);
    prefix.put(left, Short.SIZE);
    prefix.put(left ^ 0xffff, Short.SIZE);
    join(cutBit);
    return true;
  }

  private void copy(long from, long to) {
    prefix.copy(stream, start, from, to);
  }

  /** As many bits as are missing to whole bytes, an even number. */
  private void putEmptyBlocks(long bits) {
    for (long missing = Math.floorMod(bits, (long) Byte.SIZE); missing > 0; missing -= 2) {
      prefix.put(EMPTY_BLOCK, EMPTY_BLOCK_BITS); // two more than a byte
    }
  }

  /**
   * An empty block of an odd number of bits. Its code has the literals 254, of one bit, 255 and the end of the block, of two; its
   * distances are two of one bit. The lengths 1 and 2 have words of two bits, and 18, for many zeros, of one.
   */
  private void putOddBlock() {
    prefix.put(DYNAMIC << 1, BLOCK_HEAD_BITS);
    prefix.put(0, 5); // 257 literals
    prefix.put(1, 5); // 2 distances
    prefix.put(18 - 4, LENGTH_COUNT_BITS);
    for (int i = 0; i < 18; i++) {
      int length =
          switch (ORDER_OF_LENGTHS[i]) {
            case 18 -> 1;
            case 1, 2 -> 2;
            default -> 0;
          };
      prefix.put(length, LENGTH_BITS);
    }
    int zeros = 0b0;
    int one = 0b01; // the word is 10, and its first bit comes first
    int two = 0b11;
    prefix.put(zeros, 1);
    prefix.put(138 - 11, 7);
    prefix.put(zeros, 1);
    prefix.put(254 - 138 - 11, 7);
    prefix.put(one, 2);
    prefix.put(two, 2);
    prefix.put(two, 2);
    prefix.put(one, 2);
    prefix.put(one, 2);
    prefix.put(0b11, 2); // the end of the block
  }

  /** Ends in the middle of a byte where the rest begins in the middle of one. */
  private void join(long from) {
    if (prefix.position() % Byte.SIZE != from % Byte.SIZE) {
      throw new IllegalStateException(
          "%d bits are to be followed by those from %d on".formatted(prefix.position(), from));
    }
    long end = Math.ceilDiv(from, (long) Byte.SIZE);
    copy(from, end * Byte.SIZE);
    prefixBytes = (int) (prefix.position() / Byte.SIZE);
    resume = start + (int) end;
  }
}
