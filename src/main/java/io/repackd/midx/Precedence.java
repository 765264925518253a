package io.repackd.midx;

import java.util.List;

/**
 * Decides which of several copies of an object the new index points to: the one in the pack that counts as newest. Whatever the
 * installed index lists counts as changed in 1970, before all that it does not list. Of packs of one age a listed one comes
 * first, then the one with the smaller number.
 */
final class Precedence {
  private static final long AGE_OF_LISTED_SECONDS = 0;

  private final long[] modifiedSeconds;
  private final boolean[] listed;

  private Precedence(long[] modifiedSeconds, boolean[] listed) {
    this.modifiedSeconds = modifiedSeconds;
    this.listed = listed;
  }

  /** The precedence among the packs of a new index, by their numbers in it. */
  static Precedence of(PackNumbering numbering, List<IndexedPack> added) {
    long[] modifiedSeconds = new long[numbering.names().size()];
    boolean[] listed = new boolean[numbering.names().size()];
    for (int number : numbering.ofExisting()) {
      if (number != PackNumbering.DROPPED) {
        modifiedSeconds[number] = AGE_OF_LISTED_SECONDS;
        listed[number] = true;
      }
    }
    for (int i = 0; i < added.size(); i++) {
      modifiedSeconds[numbering.ofAdded()[i]] = added.get(i).modifiedSeconds();
    }
    return new Precedence(modifiedSeconds, listed);
  }

  /** Negative if the left copy is chosen, positive if the right one is. */
  int compare(int leftPack, long leftOffset, int rightPack, long rightOffset) {
    if (leftPack == rightPack) {
      return Long.compare(leftOffset, rightOffset);
    }
    int age = Long.compare(modifiedSeconds[rightPack], modifiedSeconds[leftPack]);
    if (age != 0) {
      return age;
    }
    return listed[leftPack] == listed[rightPack]
        ? Integer.compare(leftPack, rightPack)
        : Boolean.compare(listed[rightPack], listed[leftPack]);
  }
}
