package io.repackd.midx;

import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackIndex;
import io.repackd.pack.SortedIds;

/** A table of copies of objects, from which an index is written: the installed index, or the index of a pack. */
sealed interface CopySource {
  /** The ids. */
  SortedIds ids();

  /** Whether one object may be in it more than once. */
  boolean mayRepeat();

  /**
   * The number, in the new index, of the pack that has the copy at a position.
   *
   * @throws CorruptFileException if there is no such pack
   * @throws IllegalArgumentException if that pack is to be dropped
   */
  int pack(long position) throws CorruptFileException;

  /**
   * Where that copy begins in its pack.
   *
   * @throws CorruptFileException if the table does not say
   */
  long packOffset(long position) throws CorruptFileException;

  /** The installed index: of each object one copy. */
  record Installed(MultiPackIndex ids, PackNumbering numbering) implements CopySource {
    @Override
    public boolean mayRepeat() {
      return false;
    }

    @Override
    public int pack(long position) throws CorruptFileException {
      int before = ids.packOf(position);
      int number = numbering.ofExisting()[before];
      if (number == PackNumbering.DROPPED) {
        throw new IllegalArgumentException(
            "cannot drop pack %s: it owns object %s"
                .formatted(ids.packNames().get(before), ids.idHex(position)));
      }
      return number;
    }

    @Override
    public long packOffset(long position) throws CorruptFileException {
      return ids.packOffset(position);
    }
  }

  /** The index of a pack, which may have an object twice. */
  record Pack(PackIndex ids, int number) implements CopySource {
    @Override
    public boolean mayRepeat() {
      return true;
    }

    @Override
    public int pack(long position) {
      return number;
    }

    @Override
    public long packOffset(long position) throws CorruptFileException {
      return ids.packOffset(position);
    }
  }
}
