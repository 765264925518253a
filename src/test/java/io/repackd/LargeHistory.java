package io.repackd;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;

/** Packs of a history that has mebibytes, though it is short: of text that does not compress well, in versions that differ a little. */
public final class LargeHistory {
  private static final int FILES = 8;
  private static final int LINE_BYTES = 60;
  private static final int LINES = 500;

  private final GitRepository repository;
  private final Random random;
  private final List<List<String>> files = new ArrayList<>();
  private final StringBuilder stream = new StringBuilder();
  private long seconds = 1_700_000_000;

  public LargeHistory(GitRepository repository, Random random) {
    this.repository = repository;
    this.random = random;
    for (int file = 0; file < FILES; file++) {
      files.add(lines(LINES));
    }
  }

  /** Adds packs of about a quarter of a mebibyte each. */
  public LargeHistory arrivals(int count) {
    for (int i = 0; i < count; i++) {
      begin();
      for (int commit = 0; commit < 12; commit++) {
        int file = random.nextInt(FILES);
        if (random.nextInt(3) == 0) {
          files.set(file, lines(LINES));
        }
        List<String> lines = files.get(file);
        lines.set(random.nextInt(lines.size()), line());
        commit("file" + file, lines);
      }
      end();
    }
    return this;
  }

  /** Adds a pack with versions of one file, which is so many mebibytes in size and has one line more each time. */
  public LargeHistory versions(String name, int mebibytes, int count) {
    begin();
    List<String> lines = lines(mebibytes * (1 << 20) / LINE_BYTES);
    for (int version = 0; version < count; version++) {
      lines.add(line());
      commit(name, lines);
    }
    end();
    return this;
  }

  /** Adds a pack with versions of one small file, of which each differs from the one before it in a fifth of its lines. */
  public LargeHistory drifting(String name, int count) {
    begin();
    List<String> lines = lines(LINES);
    for (int version = 0; version < count; version++) {
      for (int i = 0; i < LINES / 5; i++) {
        lines.set(random.nextInt(LINES), line());
      }
      commit(name, lines);
    }
    end();
    return this;
  }

  private void begin() {
    stream.setLength(0);
  }

  private void commit(String file, List<String> lines) {
    boolean first =
        stream.isEmpty() && repository.gitStatus("rev-parse", "-q", "--verify", "main") == 0;
    stream.append("commit refs/heads/main\n");
    stream.append("committer C <c@example.org> ").append(seconds++).append(" +0000\ndata 0\n");
    if (first) {
      stream.append("from refs/heads/main^0\n");
    }
    String content = String.join("\n", lines) + "\n";
    stream.append("M 100644 inline ").append(file).append("\ndata ");
    stream.append(content.length()).append('\n').append(content).append('\n');
  }

  private void end() {
    repository.gitWithInput(
        stream.toString(), "-c", "fastimport.unpackLimit=1", "fast-import", "--quiet");
  }

  private List<String> lines(int count) {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      lines.add(line());
    }
    return lines;
  }

  private String line() {
    byte[] bytes = new byte[LINE_BYTES];
    random.nextBytes(bytes);
    return Base64.getEncoder().encodeToString(bytes);
  }
}
