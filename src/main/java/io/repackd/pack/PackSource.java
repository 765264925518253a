package io.repackd.pack;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Where objects of a new pack come from. */
public sealed interface PackSource {
  /**
   * A pack of which some objects are to be copied. Several sources may want the same object: then the writer chooses which copy
   * it takes.
   *
   * @param pack the pack
   * @param selected the positions in its index of the objects that the new pack is to have
   * @param searched whether its objects were compared with each other in vain: a delta search does not do so again
   */
  record Packed(PackFile pack, PositionSet selected, boolean searched) implements PackSource {
    /** A pack of which nobody knows whether deltas were searched for among all its objects. */
    public Packed(PackFile pack, PositionSet selected) {
      this(pack, selected, false);
    }
  }

  /** Objects whose entries are made while the pack is written. No other source wants any of them. */
  non-sealed interface Made extends PackSource {
    /** The number of objects. */
    long count();

    /** The ids in the order in which the objects will lie in the pack, one after the other, each as long as the hash. */
    MemorySegment ids();

    /** About how many bytes the entry of an object takes, compressed: small ones may be held in memory, and so be made early. */
    long expectedBytes(long i);

    /**
     * Gives the content of an object. Called from several threads at once, and once for each object, or twice if its entry comes
     * to much more than was expected. What is not held in memory is written away as it comes.
     *
     * @param i 0 to the number of objects less one
     * @throws IOException if the object cannot be given: the pack is abandoned
     */
    void make(long i, EntrySink sink) throws IOException;
  }

  /** Takes the content of one object. */
  interface EntrySink {
    /**
     * Begins. Comes first and once.
     *
     * @param type 1 commit, 2 tree, 3 blob, 4 tag
     * @param bytes the length of the content
     */
    void begin(int type, long bytes) throws IOException;

    /**
     * Begins with a content that is compressed already, in place of {@link #begin}: what is written from then on is a zlib stream
     * (RFC 1950) of the content. It is taken as it is, so who gives it has to know that it is right.
     *
     * @param type 1 commit, 2 tree, 3 blob, 4 tag
     * @param bytes the length of the content, inflated
     */
    void beginStream(int type, long bytes) throws IOException;

    /**
     * Takes a piece of the content, which is compressed here, or of its stream. All pieces of a content together are as long as was
     * said.
     */
    void write(byte[] content, int from, int length) throws IOException;
  }
}
