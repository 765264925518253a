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
  private Optional<byte[]> without(byte[] zlib, byte[] inflated, int bytes) {
    int read = Math.min(zlib.length, HEAD + DeflateCut.NEEDED_BYTES);
    int known = Math.min(inflated.length, bytes + DeflateCut.MAX_MATCH_BYTES);
    if (!cut.find(zlib, HEAD, read, inflated, known, bytes)) {
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
    int longer = 0;
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
      Optional<byte[]> rest = without(zlib, join(header, content), header.length);
      if (rest.isPresent()) {
        assertThat(inflate(rest.orElseThrow(), content.length))
            .as("round %d", round)
            .isEqualTo(content);
        longer = Math.max(longer, rest.orElseThrow().length - (zlib.length - HEAD));
        done++;
      }
    }
    assertThat(done).isGreaterThan(rounds * 9 / 10);
    assertThat(longer).isLessThanOrEqualTo(DeflateCut.MAX_LONGER_BYTES);
  }

  /** Empty blocks, and one length more. */
  @Test
  void hardlyMoreTakesThePlaceOfWhatNothingRefersTo() throws Exception {
    byte[] content = new byte[3_000];
    for (int i = 0; i < content.length; i++) {
      content[i] = (byte) ('A' + i * 7 % 26);
    }
    for (int cutBytes = 1; cutBytes <= 40; cutBytes++) {
      byte[] head = new byte[cutBytes];
      for (int i = 0; i < cutBytes; i++) {
        head[i] = (byte) i;
      }
      byte[] whole = join(head, content);
      for (int strategy : STRATEGIES) {
        for (int level = 0; level <= 9; level++) {
          byte[] zlib = LooseFiles.deflate(whole, level, strategy);
          byte[] left = without(zlib, whole, cutBytes).orElseThrow();
          assertThat(left.length - (zlib.length - HEAD)).isLessThanOrEqualTo(24);
        }
      }
    }
  }

  /** The lengths of the header's words add up to anything, and so do the bits that have to be made up for. */
  @Test
  void theBitsThatAreMissingToWholeBytesAreMadeUpFor() throws Exception {
    for (int cutBytes = 1; cutBytes <= 40; cutBytes++) {
      byte[] content = content(new Random(cutBytes), 4_000);
      for (int level = 0; level <= 9; level++) {
        byte[] zlib = LooseFiles.deflate(content, level, Deflater.HUFFMAN_ONLY);
        Optional<byte[]> rest = without(zlib, content, cutBytes);
        assertThat(inflate(rest.orElseThrow(), content.length))
            .isEqualTo(Arrays.copyOfRange(content, cutBytes, content.length));
      }
    }
  }

  /** Where a word of the header comes again, zlib says that it is as before. */
  @ParameterizedTest
  @CsvSource({
    "commit 57, 'tree 1\n\nIn this commit the word is there again, as it is above'",
    "tree 9, 'tree 9 9.'",
    "blob 12, 'no blob here'",
    "tag 30, 'tag 3tag 3tag 3tag 3tag 3tag 3'"
  })
  void whatRefersToTheHeaderIsSaidByLiterals(String header, String content) throws Exception {
    byte[] head = bytes(header + "\0");
    byte[] whole = join(head, bytes(content));
    for (int level = 1; level <= 9; level++) {
      byte[] zlib = LooseFiles.deflate(whole, level, Deflater.DEFAULT_STRATEGY);
      assertThat(inflate(without(zlib, whole, head.length).orElseThrow(), content.length()))
          .isEqualTo(bytes(content));
    }
  }

  /** Zeros may be said to be as the header's last byte. */
  @Test
  void contentThatBeginsAsTheHeaderEndsIsThere() throws Exception {
    for (int length = 0; length < 2000; length++) {
      byte[] head = bytes("blob " + length + "\0");
      byte[] whole = Arrays.copyOf(head, head.length + length);
      byte[] zlib = LooseFiles.deflate(whole);
      assertThat(inflate(without(zlib, whole, head.length).orElseThrow(), length))
          .isEqualTo(new byte[length]);
    }
  }

  @Test
  void whatRefersToTheHeaderFromAsFarAsCanBeIsFound() throws Exception {
    byte[] header = bytes("blob 40000\0");
    int done = 0;
    for (int distance = (1 << 15) - 400; distance < (1 << 15) + 20; distance++) {
      byte[] content = new byte[40_000];
      Random random = new Random(distance);
      for (int i = 0; i < content.length; i++) {
        content[i] = (byte) ('a' + random.nextInt(16));
      }
      System.arraycopy(header, 0, content, distance - header.length, header.length);
      byte[] whole = join(header, content);
      byte[] zlib = LooseFiles.deflate(whole, 9, Deflater.DEFAULT_STRATEGY);
      Optional<byte[]> rest = without(zlib, whole, header.length);
      if (rest.isPresent()) {
        assertThat(inflate(rest.orElseThrow(), content.length)).isEqualTo(content);
        done++;
      }
    }
    assertThat(done).isPositive();
  }

  /** Whoever uses the result inflates it; but it has to come to an end, and within the memory that there is. */
  @Test
  void endsWhateverItIsGiven() {
    long seed = Long.getLong("repackd.seed", System.nanoTime());
    System.out.println("DeflateCutTest: -Drepackd.seed=" + seed);
    Random random = new Random(seed);
    for (int round = 0; round < 20_000; round++) {
      byte[] content = content(random, 500);
      byte[] zlib = LooseFiles.deflate(content, random.nextInt(10), 0);
      int changes = random.nextInt(6);
      for (int i = 0; i < changes; i++) {
        zlib[random.nextInt(zlib.length)] ^= (byte) (1 << random.nextInt(8));
      }
      byte[] some =
          random.nextInt(4) == 0 ? Arrays.copyOf(zlib, random.nextInt(zlib.length + 1)) : zlib;
      int bytes = 1 + random.nextInt(DeflateCut.MAX_CUT_BYTES);
      if (some.length >= HEAD
          && cut.find(some, HEAD, some.length, content, content.length, bytes)) {
        assertThat(cut.prefixBytes()).isBetween(0, cut.prefix().length);
        assertThat(cut.resume()).isBetween(HEAD, some.length);
      }
    }
  }
}
