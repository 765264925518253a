package io.repackd.objectdir;

import io.repackd.objectdir.LooseObjectReader.StreamSink;
import io.repackd.platform.Cancellation;
import io.repackd.platform.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.zip.Adler32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Gives the content of loose objects away as it is compressed in their files, without the header that is compressed with it.
 *
 * <p>What is given away is inflated before, and must be the object, to the last bit. Where a {@link DeflateCut} cannot be made,
 * and whatever else is amiss, nothing is given away: who reads and compresses the object in the ordinary way succeeds, or finds
 * out what it is.
 *
 * <p>A file that fits the memory of a reader is read once, a larger one twice, and is the same both times.
 *
 * <p>For one thread.
 */
final class LooseStreamCopy implements AutoCloseable {
  /** The sum over what was compressed, after it. */
  private static final int ADLER_BYTES = 4;

  private final MessageDigest digest;
  private final ByteBuffer input;
  private final byte[] content;
  private final Cancellation cancellation;
  private final DeflateCut cut = new DeflateCut();
  private final Inflater inflater = new Inflater();
  private final Inflater rest = new Inflater(true);
  private final Adler32 adlerOfAll = new Adler32();
  private final Adler32 adler = new Adler32();
  private final MessageDigest digestOfFile;
  private final byte[] tail = new byte[ADLER_BYTES];

  /**
   * A copy.
   *
   * @param digest of the object's hash function
   * @param digestOfFile another of the same
   * @param input memory for compressed bytes, at least {@link DeflateCut#NEEDED_BYTES}
   * @param content memory for inflated ones
   */
  LooseStreamCopy(
      MessageDigest digest,
      MessageDigest digestOfFile,
      ByteBuffer input,
      byte[] content,
      Cancellation cancellation) {
    this.digest = digest;
    this.digestOfFile = digestOfFile;
    this.input = input;
    this.content = content;
    this.cancellation = cancellation;
  }

  /**
   * Tries it.
   *
   * @param channel at the beginning of the file
   * @param level with which the content should be compressed: 0 to 9, or -1 if it does not matter
   * @return whether it was done; if not, the sink has been given nothing
   * @throws BadLooseObjectException if the file changes meanwhile
   * @throws IOException what the sink throws
   */
  boolean copy(FileChannel channel, Path path, byte[] id, int level, StreamSink sink)
      throws IOException {
    LooseHeader header;
    long streamBytes;
    int first;
    try {
      first = fill(channel);
      if (!wanted(first, level)) {
        return false;
      }
      int known = inflateBeginning(first);
      header = LooseHeader.parse(content, known);
      if (!cut.find(input.array(), ZlibHead.BYTES, first, content, known, header.length())) {
        return false;
      }
      streamBytes = verify(channel, header, id, first);
      if (streamBytes < 0) {
        return false;
      }
    } catch (LooseHeader.MalformedException | DataFormatException | IOException _) {
      return false; // it will be said by who reads it again
    }
    sink.beginStream(header.type(), header.contentBytes());
    if (channel.position() == first) {
      give(streamBytes, first, sink);
    } else {
      giveAgain(channel, path, streamBytes, first, sink);
    }
    ByteBuffer.wrap(tail).order(ByteOrder.BIG_ENDIAN).putInt(0, (int) adler.getValue());
    sink.write(tail, 0, tail.length);
    return true;
  }

  /** Reads as much as there is room for. */
  private int fill(FileChannel channel) throws IOException {
    input.clear();
    while (input.hasRemaining() && channel.read(input) >= 0) {
      cancellation.check();
    }
    return input.position();
  }

  /** Whether it begins as a zlib stream does, and was compressed well enough. */
  private boolean wanted(int read, int level) {
    return read >= ZlibHead.BYTES
        && level != 0
        && ZlibHead.isOne(input.get(0), input.get(1))
        && (level < 0 || ZlibHead.isAsGoodAs(input.get(1), level));
  }

  private int inflateBeginning(int read) throws DataFormatException {
    inflater.reset();
    inflater.setInput(input.array(), 0, read);
    return inflater.inflate(content, 0, LooseHeader.MAX_BYTES + DeflateCut.MAX_MATCH_BYTES);
  }

  /**
   * Inflates what is to be given away, and sees whether it is the object. The header is in the content's memory.
   *
   * @return the length of the deflate stream, or a negative number
   */
  private long verify(FileChannel channel, LooseHeader header, byte[] id, int first)
      throws IOException, DataFormatException {
    digest.reset();
    digest.update(content, 0, header.length());
    adlerOfAll.reset();
    adlerOfAll.update(content, 0, header.length());
    adler.reset();
    digestOfFile.reset();
    boolean again = channel.position() < channel.size();
    if (again) {
      digestOfFile.update(input.array(), 0, first);
    }
    rest.reset();
    rest.setInput(cut.prefix(), 0, cut.prefixBytes());
    int end = first;
    boolean inPrefix = true;
    long inflated = 0;
    while (!rest.finished()) {
      cancellation.check();
      if (rest.needsInput()) {
        if (inPrefix) {
          inPrefix = false;
          rest.setInput(input.array(), cut.resume(), first - cut.resume());
        } else {
          end = fillAndNote(channel);
          if (end == 0) {
            return -1;
          }
          rest.setInput(input.array(), 0, end);
        }
      }
      int piece = rest.inflate(content);
      inflated += piece;
      if (inflated > header.contentBytes()) {
        return -1;
      }
      digest.update(content, 0, piece);
      adlerOfAll.update(content, 0, piece);
      adler.update(content, 0, piece);
    }
    // Of a tiny object all may be in the prefix.
    int tailAt = inPrefix ? cut.resume() + rest.getRemaining() : end - rest.getRemaining();
    boolean right =
        inflated == header.contentBytes()
            && endsWithAdler(channel, tailAt, end)
            && MessageDigest.isEqual(digest.digest(), id);
    return right ? rest.getBytesRead() : -1;
  }

  private int fillAndNote(FileChannel channel) throws IOException {
    int read = fill(channel);
    digestOfFile.update(input.array(), 0, read);
    return read;
  }

  /** Whether the sum over header and content follows, and nothing else. */
  private boolean endsWithAdler(FileChannel channel, int from, int to) throws IOException {
    int missing = ADLER_BYTES - (to - from);
    if (missing < 0) {
      return false;
    }
    System.arraycopy(input.array(), from, tail, 0, to - from);
    // A file that fits the memory is to stay there.
    if (missing > 0) {
      if (fillAndNote(channel) < missing) {
        return false;
      }
      System.arraycopy(input.array(), 0, tail, to - from, missing);
    }
    return ByteBuffer.wrap(tail).order(ByteOrder.BIG_ENDIAN).getInt(0)
            == (int) adlerOfAll.getValue()
        && channel.position() == channel.size()
        && (missing <= 0 || input.position() == missing);
  }

  /** Gives away what lies in the memory. */
  private void give(long streamBytes, int first, StreamSink sink) throws IOException {
    sink.write(input.array(), 0, ZlibHead.BYTES);
    sink.write(cut.prefix(), 0, cut.prefixBytes());
    long more = streamBytes - cut.prefixBytes();
    sink.write(input.array(), cut.resume(), (int) Math.min(more, first - cut.resume()));
  }

  private void giveAgain(
      FileChannel channel, Path path, long streamBytes, int first, StreamSink sink)
      throws IOException {
    byte[] whole = digestOfFile.digest();
    if (reread(channel.position(0), path) != first) {
      throw changed(path);
    }
    give(streamBytes, first, sink);
    long left = streamBytes - cut.prefixBytes() - (first - cut.resume());
    for (int read = reread(channel, path); read > 0; read = reread(channel, path)) {
      int given = Math.clamp(left, 0, read);
      sink.write(input.array(), 0, given);
      left -= given;
    }
    if (left > 0 || !MessageDigest.isEqual(digestOfFile.digest(), whole)) {
      throw changed(path);
    }
  }

  private static BadLooseObjectException changed(Path path) {
    return new BadLooseObjectException(path, "it was changed while it was read");
  }

  private int reread(FileChannel channel, Path path) throws BadLooseObjectException {
    try {
      return fillAndNote(channel);
    } catch (IOException e) {
      throw new BadLooseObjectException(path, "it cannot be read: " + Reason.of(e));
    }
  }

  @Override
  public void close() {
    inflater.end();
    rest.end();
  }
}
