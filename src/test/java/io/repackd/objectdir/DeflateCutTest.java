package io.repackd.objectdir;

import static io.repackd.LooseFiles.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.LooseFiles;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DeflateCutTest {
  private static final int HEAD = 2;
  private static final int TAIL = 4;

  private static final int[] STRATEGIES = {
    Deflater.DEFAULT_STRATEGY, Deflater.FILTERED, Deflater.HUFFMAN_ONLY
  };

  private final DeflateCut cut = new DeflateCut();

  /** What is left of a zlib stream without the first bytes of its content if that can be had. */
  private Optional<byte[]> without(byte[] zlib, int from, int bytes) {
    int known = Math.min(zlib.length, from + DeflateCut.NEEDED_BYTES);
    if (!cut.find(zlib, from, known, bytes)) {
      return Optional.empty();
    }
    ByteArrayOutputStream rest = new ByteArrayOutputStream();
    rest.write(cut.prefix(), 0, cut.prefixBytes());
    rest.write(zlib, cut.resume(), zlib.length - cut.resume());
    return Optional.of(rest.toByteArray());
  }

  /** Inflates a raw stream that a checksum follows. */
  private static byte[] inflate(byte[] raw, int most) throws DataFormatException {
    Inflater inflater = new Inflater(true);
    try {
      inflater.setInput(raw);
      byte[] content = new byte[most + 1];
      int length = 0;
      while (!inflater.finished() && length < content.length) {
        int more = inflater.inflate(content, length, content.length - length);
        if (more == 0 && !inflater.finished()) {
          throw new DataFormatException("it does not end");
        }
        length += more;
      }
      assertThat(inflater.getRemaining()).isEqualTo(TAIL);
      return Arrays.copyOf(content, length);
    } finally {
      inflater.end();
    }
  }

  private static byte[] join(byte[] a, byte[] b) {
    byte[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  /** Stretches of noise, of text, of one byte and of what was before, so that there are blocks of every kind. */
  private static byte[] content(Random random, int most) {
    byte[] content = new byte[random.nextInt(most + 1)];
    int at = 0;
    while (at < content.length) {
      int length = Math.min(content.length - at, 1 + random.nextInt(1 << random.nextInt(17)));
      int kind = random.nextInt(5);
      for (int i = at; i < at + length; i++) {
        content[i] =
            (byte)
                switch (kind) {
                  case 0 -> random.nextInt();
                  case 1 -> "etaoin shrdlu\n".charAt(random.nextInt(14));
                  case 2 -> 0;
                  case 3 -> i < 1000 ? 'x' : content[i - 1000];
                  default -> random.nextInt(3) == 0 ? random.nextInt() : 'a';
                };
      }
      at += length;
    }
    return content;
  }

  @ParameterizedTest
  @ValueSource(ints = {100, 1_000, 30_000, 400_000})
  void whatIsLeftHoldsTheRest(int most) throws Exception {
    long seed = Long.getLong("repackd.seed", System.nanoTime());
    System.out.println("DeflateCutTest: -Drepackd.seed=" + seed);
    Random random = new Random(seed);
    int done = 0;
    int rounds = most > 100_000 ? 200 : 1_000;
    for (int round = 0; round < rounds; round++) {
      byte[] content = content(random, most);
      String type = new String[] {"blob", "tree", "commit", "tag"}[random.nextInt(4)];
      byte[] header = bytes(type + " " + content.length + "\0");
      byte[] zlib =
          LooseFiles.deflate(
              join(header, content),
              random.nextInt(10),
              STRATEGIES[random.nextInt(STRATEGIES.length)]);
      Optional<byte[]> rest = without(zlib, HEAD, header.length);
      if (rest.isPresent()) {
        assertThat(inflate(rest.orElseThrow(), content.length))
            .as("round %d", round)
            .isEqualTo(content);
        // Instead of the header there are three empty blocks at most, and one length more.
        assertThat(rest.orElseThrow().length).isLessThanOrEqualTo(zlib.length - HEAD + 5);
        done++;
      }
    }
    assertThat(done).isGreaterThan(rounds * 3 / 4);
  }

  /** The lengths of the header's words add up to anything, and so do the bits that have to be made up for. */
  @Test
  void theBitsThatAreMissingToWholeBytesAreMadeUpFor() throws Exception {
    for (int cutBytes = 1; cutBytes <= 40; cutBytes++) {
      byte[] content = content(new Random(cutBytes), 4_000);
      for (int level = 0; level <= 9; level++) {
        byte[] zlib = LooseFiles.deflate(content, level, Deflater.HUFFMAN_ONLY);
        Optional<byte[]> rest = without(zlib, HEAD, Math.min(cutBytes, content.length));
        assertThat(inflate(rest.orElseThrow(), content.length))
            .isEqualTo(Arrays.copyOfRange(content, cutBytes, content.length));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "commit 60, 'tree 1\n\nIn this commit the word is there again, as it is above..'",
    "blob 40, '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'",
    "blob 9, 'blob 9...'"
  })
  void contentThatRefersToTheHeaderIsLeftAlone(String header, String content) {
    byte[] head = bytes(header + "\0");
    assertThat(without(LooseFiles.deflate(join(head, bytes(content))), HEAD, head.length))
        .isEmpty();
  }

  @Test
  void whatRefersToTheHeaderFromAsFarAsCanBeIsFound() {
    byte[] header = bytes("blob 99999\0");
    for (int distance : new int[] {32_000, 32_500, 1 << 15}) {
      byte[] content = new byte[99_999];
      new Random(distance).nextBytes(content);
      System.arraycopy(header, 0, content, distance - header.length, header.length);
      byte[] zlib = LooseFiles.deflate(join(header, content), 9, Deflater.DEFAULT_STRATEGY);
      Optional<byte[]> rest = without(zlib, HEAD, header.length);
      if (rest.isPresent()) {
        // Zlib did not use it; if it had, this would not be the content.
        assertThat(inflatedOrNothing(rest.orElseThrow(), content.length)).isEqualTo(content);
      }
    }
  }

  private static byte[] inflatedOrNothing(byte[] raw, int most) {
    try {
      return inflate(raw, most);
    } catch (DataFormatException e) {
      return new byte[0];
    }
  }

  /** Whoever uses the result inflates it; but it has to come to an end, and within the memory that there is. */
  @Test
  void endsWhateverItIsGiven() {
    long seed = Long.getLong("repackd.seed", System.nanoTime());
    System.out.println("DeflateCutTest: -Drepackd.seed=" + seed);
    Random random = new Random(seed);
    for (int round = 0; round < 20_000; round++) {
      byte[] zlib = LooseFiles.deflate(content(random, 500), random.nextInt(10), 0);
      int changes = random.nextInt(6);
      for (int i = 0; i < changes; i++) {
        zlib[random.nextInt(zlib.length)] ^= (byte) (1 << random.nextInt(8));
      }
      byte[] some =
          random.nextInt(4) == 0 ? Arrays.copyOf(zlib, random.nextInt(zlib.length + 1)) : zlib;
      if (some.length >= HEAD && cut.find(some, HEAD, some.length, 1 + random.nextInt(32))) {
        assertThat(cut.prefixBytes()).isBetween(0, cut.prefix().length);
        assertThat(cut.resume()).isBetween(HEAD, some.length);
      }
    }
  }
}
