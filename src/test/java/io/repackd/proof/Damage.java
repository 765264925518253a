package io.repackd.proof;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Random;

/** What becomes of a file. */
enum Damage {
  /** One bit is the other. */
  BIT {
    @Override
    byte[] of(byte[] content, Random random) {
      byte[] damaged = content.clone();
      if (damaged.length > 0) {
        damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
      }
      return damaged;
    }
  },
  /** One bit among the first, where the numbers are that all others are counted by. */
  HEAD {
    @Override
    byte[] of(byte[] content, Random random) {
      byte[] damaged = content.clone();
      if (damaged.length > 0) {
        damaged[random.nextInt(Math.min(HEAD_BYTES, damaged.length))] ^=
            (byte) (1 << random.nextInt(8));
      }
      return damaged;
    }
  },
  /** Four bytes are all ones: as lengths and offsets the worst there are. */
  ONES {
    @Override
    byte[] of(byte[] content, Random random) {
      byte[] damaged = content.clone();
      int at = random.nextInt(Math.max(1, damaged.length / 4)) * 4;
      Arrays.fill(
          damaged, Math.min(at, damaged.length), Math.min(at + 4, damaged.length), (byte) 0xff);
      return damaged;
    }
  },
  CUT_OFF {
    @Override
    byte[] of(byte[] content, Random random) {
      return Arrays.copyOf(content, random.nextInt(Math.max(1, content.length)));
    }
  },
  EMPTY {
    @Override
    byte[] of(byte[] content, Random random) {
      return new byte[0];
    }
  },
  LONGER {
    @Override
    byte[] of(byte[] content, Random random) {
      byte[] damaged = Arrays.copyOf(content, content.length + 1 + random.nextInt(100));
      Arrays.fill(damaged, content.length, damaged.length, (byte) random.nextInt(256));
      return damaged;
    }
  },
  /** A page is zeros, as after a crash of the machine. */
  ZEROS {
    @Override
    byte[] of(byte[] content, Random random) {
      byte[] damaged = content.clone();
      int from = random.nextInt(Math.max(1, damaged.length));
      Arrays.fill(damaged, from, Math.min(damaged.length, from + 4096), (byte) 0);
      return damaged;
    }
  },
  /** Bytes at random, of the same length, behind what tells the format or not. */
  RANDOM {
    @Override
    byte[] of(byte[] content, Random random) {
      byte[] damaged = new byte[content.length];
      random.nextBytes(damaged);
      int kept = random.nextBoolean() ? Math.min(8, content.length) : 0;
      System.arraycopy(content, 0, damaged, 0, kept);
      return damaged;
    }
  };

  private static final int HEAD_BYTES = 12 + 1024;

  abstract byte[] of(byte[] content, Random random);

  /** Damages a file, which keeps its time. */
  void apply(Path file, Random random) throws IOException {
    var time = Files.getLastModifiedTime(file);
    byte[] content = Files.readAllBytes(file);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    Files.write(file, of(content, random));
    Files.setLastModifiedTime(file, time);
  }
}
