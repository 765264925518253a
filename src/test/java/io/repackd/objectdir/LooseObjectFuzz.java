package io.repackd.objectdir;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.LooseFiles;
import io.repackd.fuzz.FuzzInput;
import io.repackd.fuzz.FuzzTarget;
import io.repackd.platform.Cancellation;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** A loose object, named by what it inflates to. Bit 0: it is compressed here. */
public final class LooseObjectFuzz implements FuzzTarget {
  private static final HashAlgorithm HASH = HashAlgorithm.SHA1;

  private static final int MOST_BYTES = 1 << 20;

  /** Keeps what it is given. */
  private static final class Kept implements LooseObjectReader.StreamSink {
    private final ByteArrayOutputStream given = new ByteArrayOutputStream();
    private long said = -1;
    private int type;
    private boolean compressed;

    @Override
    public void begin(int type, long bytes) {
      assertThat(said).as("it has begun").isEqualTo(-1);
      this.type = type;
      said = bytes;
    }

    @Override
    public void beginStream(int type, long bytes) {
      begin(type, bytes);
      compressed = true;
    }

    @Override
    public void write(byte[] content, int from, int length) {
      given.write(content, from, length);
    }

    byte[] content() {
      return compressed ? inflated(given.toByteArray()) : given.toByteArray();
    }
  }

  @Override
  public void read(FuzzInput input, Path directory) throws IOException {
    byte[] file = input.flag(0) ? LooseFiles.deflate(input.rest()) : input.rest();
    String id = HexFormat.of().formatHex(HASH.newDigest().digest(inflated(file)));
    Path objects = directory.resolve("loose/objects");
    Path folder = Files.createDirectories(objects.resolve(id.substring(0, 2)));
    Files.createDirectories(objects.resolve("pack"));
    Path object = Files.write(folder.resolve(id.substring(2)), file);
    Kept read = new Kept();
    Kept copied = new Kept();
    try (LooseTable table = new LooseTable(objects, HASH);
        LooseObjectReader reader = new LooseObjectReader(HASH, new Cancellation())) {
      ObjectDirectory opened =
          ObjectDirectory.open(new RepositoryLocation(objects, Optional.empty(), objects));
      new LooseWalk(opened, new Cancellation()).next(table, Integer.MAX_VALUE);
      assertThat(table.count()).isEqualTo(1);
      long claimed = reader.claimedBytes(table, 0);
      boolean bad = false;
      try {
        reader.copy(table, 0, -1, copied);
      } catch (BadLooseObjectException e) {
        bad = true;
      }
      assertThat(copied.said < 0).isEqualTo(bad);
      reader.read(table, 0, read);
      assertThat(bad).as("it can be read and not be copied").isFalse();
      assertThat((long) read.content().length).isEqualTo(read.said).isEqualTo(claimed);
      assertThat(copied.content()).isEqualTo(read.content());
      assertThat(copied.said).isEqualTo(claimed);
      assertThat(copied.type).isEqualTo(read.type);
      assertThat(read.type).isBetween(1, 4);
    } catch (BadLooseObjectException e) {
      assertThat(read.said).as("something was given away").isEqualTo(-1);
      throw e;
    } finally {
      Files.delete(object);
      Files.delete(folder);
    }
  }

  private static byte[] inflated(byte[] file) {
    Inflater inflater = new Inflater();
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    byte[] piece = new byte[1 << 16];
    inflater.setInput(file);
    try {
      int bytes = inflater.inflate(piece);
      while (bytes > 0 && content.size() < MOST_BYTES) {
        content.write(piece, 0, bytes);
        bytes = inflater.inflate(piece);
      }
    } catch (DataFormatException e) {
      // The name is that of what came before.
    } finally {
      inflater.end();
    }
    return content.toByteArray();
  }
}
