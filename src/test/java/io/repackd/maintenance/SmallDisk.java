package io.repackd.maintenance;

import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A file system of its own, in memory. Whoever may not mount one skips the test. */
final class SmallDisk implements AutoCloseable {
  private final Path path;

  private SmallDisk(Path path) {
    this.path = path;
  }

  static SmallDisk mount(Path path, String size) throws Exception {
    int status =
        run("mount", "-t", "tmpfs", "-o", "mode=0755,size=" + size, "tmpfs", path.toString());
    assumeThat(status).as("whether a tmpfs can be mounted").isZero();
    return new SmallDisk(path);
  }

  void readOnly() throws Exception {
    if (run("mount", "-o", "remount,ro", path.toString()) != 0) {
      throw new IOException("cannot make it read-only: " + path);
    }
  }

  /** Takes all room but so much. */
  void fill(Path file, long leaveBytes) throws IOException {
    byte[] zeros = new byte[4096];
    try (var out = Files.newOutputStream(file)) {
      while (Files.getFileStore(path).getUsableSpace() > leaveBytes) {
        out.write(zeros);
      }
    }
  }

  private static int run(String... command) throws Exception {
    return new ProcessBuilder(List.of(command)).redirectErrorStream(true).start().waitFor();
  }

  @Override
  public void close() throws Exception {
    if (run("umount", path.toString()) != 0) {
      run("umount", "--lazy", path.toString());
    }
  }
}
