package io.repackd.objectdir;

import java.util.Arrays;

/**
 * What a loose object begins with, inflated: type, blank, length in decimal digits, zero byte.
 *
 * <p>Source of the format: gitformat-loose. Git wants the zero byte among the first {@value #MAX_BYTES}.
 *
 * @param type 1 commit, 2 tree, 3 blob, 4 tag, as in packs
 * @param contentBytes how long the content is said to be
 * @param length of the header itself, in bytes, with its zero byte
 */
record LooseHeader(int type, long contentBytes, int length) {
  /** A header is not longer. */
  static final int MAX_BYTES = 32;

  /** The types in the order of their numbers in packs, from 1. */
  private static final byte[][] TYPES = {
    {'c', 'o', 'm', 'm', 'i', 't'}, {'t', 'r', 'e', 'e'}, {'b', 'l', 'o', 'b'}, {'t', 'a', 'g'}
  };

  /** Something else is there. */
  static final class MalformedException extends Exception {
    private static final long serialVersionUID = 1;

    private final String what;

    MalformedException(String what) {
      super(what);
      this.what = what;
    }

    /** What is wrong, to follow the name of the file. */
    String what() {
      return what;
    }
  }

  /**
   * Reads one.
   *
   * @param object the object, inflated
   * @param inflated how much there is of it
   */
  static LooseHeader parse(byte[] object, int inflated) throws MalformedException {
    int end = Math.min(inflated, MAX_BYTES);
    int zero = 0;
    while (zero < end && object[zero] != 0) {
      zero++;
    }
    int blank = 0;
    while (blank < zero && object[blank] != ' ') {
      blank++;
    }
    if (zero == end || blank == zero) {
      throw new MalformedException("it does not begin with a type and a length");
    }
    return new LooseHeader(typeOf(object, blank), number(object, blank + 1, zero), zero + 1);
  }

  private static int typeOf(byte[] object, int end) throws MalformedException {
    for (int i = 0; i < TYPES.length; i++) {
      if (Arrays.equals(TYPES[i], 0, TYPES[i].length, object, 0, end)) {
        return i + 1;
      }
    }
    throw new MalformedException("it is neither a commit nor a tree, a blob or a tag");
  }

  private static long number(byte[] object, int from, int to) throws MalformedException {
    long value = 0;
    boolean canonical = to - from == 1 || from < to && object[from] != '0';
    for (int i = from; i < to; i++) {
      int digit = object[i] - '0';
      if (digit < 0 || digit > 9 || value > (Long.MAX_VALUE - digit) / 10) {
        canonical = false;
        break;
      }
      value = value * 10 + digit;
    }
    if (!canonical) {
      throw new MalformedException("its length is no number as git writes it");
    }
    return value;
  }
}
