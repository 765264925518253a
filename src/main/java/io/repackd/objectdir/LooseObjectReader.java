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
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Reads loose objects, one after the other, and gives nothing away of one whose content does not have the id that its name says.
 *
 * <p>What fits the memory of a reader is inflated once. What does not is inflated twice: first to see whether it is right, then
 * to give it away piece by piece. So a reader takes the same memory, about 200 KiB, whatever a file has or claims.
 *
 * <p>Source of the format: gitformat-loose, Pro Git ("Object Storage"). A zlib stream and nothing after it; in it type, blank,
 * length in decimal digits, zero byte, content. Git wants the zero byte among the first 32.
 *
 * <p>For one thread.
 */
public final class LooseObjectReader implements AutoCloseable {
  private static final int MAX_HEADER_BYTES = 32;

  /** Most objects are smaller, so most are inflated once. */
  private static final int CONTENT_BYTES = 1 << 17;

  private static final int INPUT_BYTES = 1 << 16;

  private final Cancellation cancellation;
  private final MessageDigest digest;
  private final Inflater inflater = new Inflater();
  private final ByteBuffer input = ByteBuffer.allocate(INPUT_BYTES);
  private final byte[] content = new byte[CONTENT_BYTES];
  private final byte[] expectedId;

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

  /** A reader of objects with such ids. */
  public LooseObjectReader(HashAlgorithm hash, Cancellation cancellation) {
    this.cancellation = cancellation;
    this.digest = hash.newDigest();
    this.expectedId = new byte[hash.length()];
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
    open(table, i, sink);
  }

  /** Reads an object and gives it to nobody. Throws what {@link #read} throws. */
  public void check(LooseTable table, long i) throws IOException {
    open(table, i, NOBODY);
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

  private static final Sink NOBODY =
      new Sink() {
        @Override
        public void begin(int type, long bytes) {}

        @Override
        public void write(byte[] content, int from, int length) {}
      };

  private void open(LooseTable table, long i, Sink sink) throws IOException {
    Path path = table.path(i);
    MemorySegment.copy(
        table.ids(), ValueLayout.JAVA_BYTE, table.idOffset(i), expectedId, 0, expectedId.length);
    try (FileChannel channel = open(path)) {
      new Reading(path, channel).run(sink);
    }
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

    private int type;
    private long bytes;
    private int headerBytes;

    Reading(Path path, FileChannel channel) {
      this.path = path;
      this.channel = channel;
    }

    void run(Sink sink) throws IOException {
      int first = begin();
      // Less and not as much: the end of the stream is only seen where there is room for more.
      if (bytes < content.length - headerBytes) {
        end(first - headerBytes);
        sink.begin(type, bytes);
        sink.write(content, headerBytes, first - headerBytes);
        return;
      }
      stream(first, NOBODY);
      if (sink != NOBODY) {
        channel.position(0);
        first = begin();
        sink.begin(type, bytes);
        stream(first, sink);
      }
    }

    long claim() throws IOException {
      inflater.reset();
      parse(fill(MAX_HEADER_BYTES));
      return bytes;
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
      long given = first - headerBytes;
      sink.write(content, headerBytes, first - headerBytes);
      while (!inflater.finished()) {
        cancellation.check();
        int inflated = fill(content.length);
        given += inflated;
        if (given > bytes) {
          throw fault("it has more bytes than the %d that it says".formatted(bytes));
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
      int end = Math.min(inflated, MAX_HEADER_BYTES);
      int zero = 0;
      while (zero < end && content[zero] != 0) {
        zero++;
      }
      int blank = 0;
      while (blank < zero && content[blank] != ' ') {
        blank++;
      }
      if (zero == end || blank == zero) {
        throw fault("it does not begin with a type and a length");
      }
      type = typeOf(blank);
      bytes = number(blank + 1, zero);
      headerBytes = zero + 1;
    }

    private int typeOf(int end) throws BadLooseObjectException {
      for (int i = 0; i < TYPES.length; i++) {
        if (Arrays.equals(TYPES[i], 0, TYPES[i].length, content, 0, end)) {
          return i + 1;
        }
      }
      throw fault("it is neither a commit nor a tree, a blob or a tag");
    }

    private long number(int from, int to) throws BadLooseObjectException {
      long value = 0;
      boolean canonical = to - from == 1 || from < to && content[from] != '0';
      for (int i = from; i < to; i++) {
        int digit = content[i] - '0';
        if (digit < 0 || digit > 9 || value > (Long.MAX_VALUE - digit) / 10) {
          canonical = false;
          break;
        }
        value = value * 10 + digit;
      }
      if (!canonical) {
        throw fault("its length is no number as git writes it");
      }
      return value;
    }

    /** Everything that is wrong with a file may be wrong at its end. */
    private void end(long inflated) throws IOException {
      if (inflated != bytes) {
        throw fault(
            inflated < bytes
                ? "it has %d bytes, and says that it has %d".formatted(inflated, bytes)
                : "it has more bytes than the %d that it says".formatted(bytes));
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

  /** The types in the order of their numbers in packs, from 1. */
  private static final byte[][] TYPES = {
    {'c', 'o', 'm', 'm', 'i', 't'}, {'t', 'r', 'e', 'e'}, {'b', 'l', 'o', 'b'}, {'t', 'a', 'g'}
  };

  @Override
  public void close() {
    inflater.end();
  }
}
