package io.repackd.objectdir;

import io.repackd.platform.Cancellation;
import io.repackd.platform.Reason;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Reads loose objects, one after the other, and gives nothing away of one whose content does not have the id that its name says.
 *
 * <p>What fits the memory of a reader is read once. What does not is read twice: first to see whether it is right, then to give it
 * away piece by piece. So a reader takes the same memory, about 400 KiB, whatever a file has or claims.
 *
 * <p>Source of the format: gitformat-loose, Pro Git ("Object Storage"). A zlib stream and nothing after it; in it a
 * {@linkplain LooseHeader header} and the content.
 *
 * <p>For one thread.
 */
public final class LooseObjectReader implements AutoCloseable {
  /** Most objects are smaller, so most are inflated once. */
  private static final int CONTENT_BYTES = 1 << 17;

  private static final int INPUT_BYTES = DeflateCut.NEEDED_BYTES;

  private final Cancellation cancellation;
  private final MessageDigest digest;
  private final Inflater inflater = new Inflater();
  private final ByteBuffer input = ByteBuffer.allocate(INPUT_BYTES);
  private final byte[] content = new byte[CONTENT_BYTES];
  private final byte[] expectedId;
  private final LooseStreamCopy copy;

  /** Takes what is read. */
  public interface Sink {
    /**
     * Begins. Comes first and once; from then on the object is known to be right.
     *
     * @param type 1 commit, 2 tree, 3 blob, 4 tag, as in packs
     * @param bytes the length of the content
     */
    void begin(int type, long bytes) throws IOException;

    /** Takes a piece of the content. */
    void write(byte[] content, int from, int length) throws IOException;
  }

  /** Takes what is copied, compressed where it can be. */
  public interface StreamSink extends Sink {
    /**
     * Begins, in place of {@link #begin}: what is written from then on is a zlib stream (RFC 1950) of the content.
     *
     * @param type 1 commit, 2 tree, 3 blob, 4 tag, as in packs
     * @param bytes the length of the content
     */
    void beginStream(int type, long bytes) throws IOException;
  }

  /** A reader of objects with such ids. */
  public LooseObjectReader(HashAlgorithm hash, Cancellation cancellation) {
    this.cancellation = cancellation;
    this.digest = hash.newDigest();
    this.expectedId = new byte[hash.length()];
    this.copy = new LooseStreamCopy(digest, hash.newDigest(), input, content, cancellation);
  }

  /**
   * Reads an object.
   *
   * @throws BadLooseObjectException if it cannot be read or is not what it should be; the message names the file. The sink has
   *     been given nothing, unless the file was changed between the two times that it was read
   * @throws NoSuchFileException if it is not there
   * @throws IOException what the sink throws, or if the system lets no file be opened
   */
  public void read(LooseTable table, long i, Sink sink) throws IOException {
    Path path = aim(table, i);
    try (FileChannel channel = open(path)) {
      new Reading(path, channel).run(sink);
    }
  }

  /** Reads an object and gives it to nobody. Throws what {@link #read} throws. */
  public void check(LooseTable table, long i) throws IOException {
    read(table, i, NOBODY);
  }

  /**
   * Reads an object, and gives its content away as it is compressed, or if that cannot be had, inflated. Either way it has been
   * held to its id. Throws what {@link #read} throws.
   *
   * @param level it should be compressed as well as zlib does with this level: 1 to 9; with -1 any will do, and with 0 none
   */
  public void copy(LooseTable table, long i, int level, StreamSink sink) throws IOException {
    Path path = aim(table, i);
    try (FileChannel channel = open(path)) {
      if (!copy.copy(channel, path, expectedId, level, sink)) {
        new Reading(path, channel.position(0)).run(sink);
      }
    }
  }

  /**
   * The length that an object claims to have, without a look at more than its beginning.
   *
   * @return in bytes; 0 if it cannot be read: what is wrong with it is said when it is
   */
  public long claimedBytes(LooseTable table, long i) {
    Path path = table.path(i);
    try (FileChannel channel = open(path)) {
      return new Reading(path, channel).claim();
    } catch (IOException e) {
      return 0;
    }
  }

  private static final LooseHeader NO_HEADER = new LooseHeader(0, 0, 0);

  private static final Sink NOBODY =
      new Sink() {
        @Override
        public void begin(int type, long bytes) {}

        @Override
        public void write(byte[] content, int from, int length) {}
      };

  /** Takes an object's id; returns where the object lies. */
  private Path aim(LooseTable table, long i) {
    MemorySegment.copy(
        table.ids(), ValueLayout.JAVA_BYTE, table.idOffset(i), expectedId, 0, expectedId.length);
    return table.path(i);
  }

  private static FileChannel open(Path path) throws IOException {
    try {
      return RegularFile.open(path);
    } catch (AccessDeniedException | RegularFile.AnotherKindException e) {
      throw new BadLooseObjectException(path, Reason.of(e));
    }
  }

  /** The reading of one file. */
  private final class Reading {
    private final Path path;
    private final FileChannel channel;

    private LooseHeader header = NO_HEADER;

    Reading(Path path, FileChannel channel) {
      this.path = path;
      this.channel = channel;
    }

    void run(Sink sink) throws IOException {
      int first = begin();
      // Less and not as much: the end of the stream is only seen where there is room for more.
      if (header.contentBytes() < content.length - header.length()) {
        end(first - header.length());
        sink.begin(header.type(), header.contentBytes());
        sink.write(content, header.length(), first - header.length());
        return;
      }
      stream(first, NOBODY);
      if (sink != NOBODY) {
        channel.position(0);
        first = begin();
        sink.begin(header.type(), header.contentBytes());
        stream(first, sink);
      }
    }

    long claim() throws IOException {
      inflater.reset();
      parse(fill(LooseHeader.MAX_BYTES));
      return header.contentBytes();
    }

    /** Inflates as much as there is room for, and reads the header; returns how much that was. */
    private int begin() throws IOException {
      inflater.reset();
      digest.reset();
      int inflated = fill(content.length);
      parse(inflated);
      digest.update(content, 0, inflated);
      return inflated;
    }

    /** Hashes and gives away the content from its beginning, of which there is some already. */
    private void stream(int first, Sink sink) throws IOException {
      long given = first - header.length();
      sink.write(content, header.length(), first - header.length());
      while (!inflater.finished()) {
        cancellation.check();
        int inflated = fill(content.length);
        given += inflated;
        if (given > header.contentBytes()) {
          throw fault(
              "it has more bytes than the %d that it says".formatted(header.contentBytes()));
        }
        digest.update(content, 0, inflated);
        sink.write(content, 0, inflated);
      }
      end(given);
    }

    /** Inflates so many bytes, or up to the end. */
    private int fill(int wanted) throws IOException {
      int inflated = 0;
      try {
        while (inflated < wanted && !inflater.finished()) {
          if (inflater.needsInput()) {
            if (!refill()) {
              throw fault(
                  channel.position() == 0 ? "it is empty" : "its compressed bytes do not end");
            }
            inflater.setInput(input.array(), 0, input.limit());
          }
          inflated += inflater.inflate(content, inflated, wanted - inflated);
          if (inflater.needsDictionary()) {
            throw fault("its compressed bytes need a dictionary");
          }
        }
        return inflated;
      } catch (DataFormatException e) {
        throw fault("its compressed bytes are damaged: " + e.getMessage());
      }
    }

    private boolean refill() throws IOException {
      try {
        input.clear();
        int read = channel.read(input);
        input.flip();
        return read > 0;
      } catch (IOException e) {
        throw fault("it cannot be read: " + Reason.of(e));
      }
    }

    private void parse(int inflated) throws BadLooseObjectException {
      try {
        header = LooseHeader.parse(content, inflated);
      } catch (LooseHeader.MalformedException e) {
        throw fault(e.what());
      }
    }

    /** Everything that is wrong with a file may be wrong at its end. */
    private void end(long inflated) throws IOException {
      if (inflated != header.contentBytes()) {
        throw fault(
            inflated < header.contentBytes()
                ? "it has %d bytes, and says that it has %d"
                    .formatted(inflated, header.contentBytes())
                : "it has more bytes than the %d that it says".formatted(header.contentBytes()));
      }
      if (inflater.getRemaining() > 0 || refill()) {
        throw fault("something follows its compressed bytes");
      }
      byte[] id = digest.digest();
      if (!MessageDigest.isEqual(id, expectedId)) {
        throw fault("its content has the id " + HexFormat.of().formatHex(id));
      }
    }

    private BadLooseObjectException fault(String what) {
      return new BadLooseObjectException(path, what);
    }
  }

  @Override
  public void close() {
    inflater.end();
    copy.close();
  }
}
