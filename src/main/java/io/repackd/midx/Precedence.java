package io.repackd.midx;

import java.util.List;
import java.util.function.ToLongFunction;

/**
 * Decides which of several copies of an object the new index points to: the one in the pack of the highest rank, and among those of
 * one rank the one that counts as newest. Whatever the installed index lists counts as changed in 1970, before all that it does not
 * list. Of packs of one age a listed one comes first, then the one with the smaller number.
 */
final class Precedence {
  private static final long AGE_OF_LISTED_SECONDS = 0;

  private final long[] ranks;
  private final long[] modifiedSeconds;
  private final boolean[] listed;

  private Precedence(long[] ranks, long[] modifiedSeconds, boolean[] listed) {
    this.ranks = ranks;
    this.modifiedSeconds = modifiedSeconds;
    this.listed = listed;
  }

  /**
   * The precedence among the packs of a new index, by their numbers in it.
   *
   * @param rankOfListed the ranks of those that the installed index lists, by the names of their indexes
   */
  static Precedence of(
      PackNumbering numbering, List<IndexedPack> added, ToLongFunction<String> rankOfListed) {
    int packs = numbering.names().size();
    long[] ranks = new long[packs];
    long[] modifiedSeconds = new long[packs];
    boolean[] listed = new boolean[packs];
    for (int number : numbering.ofExisting()) {
      if (number != PackNumbering.DROPPED) {
        ranks[number] = rankOfListed.applyAsLong(numbering.names().get(number));
        modifiedSeconds[number] = AGE_OF_LISTED_SECONDS;
        listed[number] = true;
      }
    }
    for (int i = 0; i < added.size(); i++) {
      int number = numbering.ofAdded()[i];
      ranks[number] = added.get(i).rank();
      modifiedSeconds[number] = added.get(i).modifiedSeconds();
    }
    return new Precedence(ranks, modifiedSeconds, listed);
  }

  /** Negative if the left copy is chosen, positive if the right one is. */
  int compare(int leftPack, long leftOffset, int rightPack, long rightOffset) {
    if (leftPack == rightPack) {
      return Long.compare(leftOffset, rightOffset);
    }
    if (ranks[leftPack] != ranks[rightPack]) {
      return Long.compare(ranks[rightPack], ranks[leftPack]);
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
