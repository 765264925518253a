package io.repackd.pack;

import java.io.IOException;

/** The objects of a new pack in the order of their ids. */
interface ObjectOrder {
  /** How many objects have ids that begin with a byte. */
  long count(int firstByte);

  /** The entry that is written for the i-th of the objects whose ids begin with a byte. */
  long entry(int firstByte, long i);

  /** Does something with each object, in the order of ids. */
  default void forEach(EntryConsumer consumer) throws IOException {
    for (int firstByte = 0; firstByte < FirstByteBins.FIRST_BYTES; firstByte++) {
      for (long i = 0; i < count(firstByte); i++) {
        consumer.accept(entry(firstByte, i));
      }
    }
  }

  /** Takes entries. */
  interface EntryConsumer {
    void accept(long entry) throws IOException;
  }
}
