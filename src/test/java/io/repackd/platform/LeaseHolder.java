package io.repackd.platform;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Takes the lease of a file and says what came of it. As soon as somebody waits for the lease, it says so, unlinks the file, and
 * ends with status 0, if it is still alive.
 */
final class LeaseHolder {
  private LeaseHolder() {}

  public static void main(String[] arguments) throws IOException {
    Path file = Path.of(arguments[0]);
    try (FileLease lease = FileLease.open(file)) {
      System.out.println(lease.take());
      while (lease.undisturbed()) {
        Thread.onSpinWait();
      }
      System.out.println("wanted");
      Files.delete(file);
    }
  }
}
