package io.repackd.bench;

import io.repackd.bench.Contest.Score;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** What was measured: a table for people, {@code results.md}, and every single run, {@code runs.tsv}. */
final class Report {
  private static final double BYTES_PER_MIB = 1 << 20;

  private final Path directory;
  private final String conditions;
  private final List<String> rows = new ArrayList<>();
  private final List<String> runs = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  /**
   * A report.
   *
   * @param directory where the files come to be
   * @param conditions what the numbers depend on, a paragraph
   */
  Report(Path directory, String conditions) {
    this.directory = directory;
    this.conditions = conditions;
    runs.add("sample\tjob\tcontender\tmeasure\trun\tvalue");
  }

  /** Adds a contest and prints its row. */
  void add(String sample, Job job, Map<Contender, Score> scores) throws IOException {
    Optional<Map.Entry<Contender, Score>> git = fastest(scores, Report::isGit);
    Optional<Map.Entry<Contender, Score>> warm = fastest(scores, WarmJvm.class::isInstance);
    Optional<Map.Entry<Contender, Score>> cold =
        fastest(scores, contender -> contender instanceof FreshProcess && !isGit(contender));
    String row =
        "| %s | %s | %s | %s | %s | %s | %s | %s |"
            .formatted(
                sample,
                job.label(),
                git.map(Report::secondsAndName).orElse(""),
                warm.map(Report::seconds).orElse(""),
                ratio(git, warm),
                cold.map(Report::seconds).orElse(""),
                ratio(git, cold),
                git.map(Report::memory).orElse("") + " / " + warm.map(Report::memory).orElse(""));
    rows.add(row);
    System.out.println(row);
    if (!job.isOfIndex()) {
      note(bundles(sample, job, scores));
    }
    scores.forEach((contender, score) -> addRuns(sample, job.label(), contender.label(), score));
    write();
  }

  /** Who took how long, and how large the pack became. */
  private static String bundles(String sample, Job job, Map<Contender, Score> scores) {
    StringBuilder note = new StringBuilder("%s, %s:".formatted(sample, job.label()));
    scores.forEach((contender, score) ->
        note.append(
            String.format(
                Locale.ROOT,
                " %s %.3f s, %.1f MiB;",
                contender.label(),
                score.medianSeconds(),
                score.packBytes() / BYTES_PER_MIB)));
    return note.toString();
  }

  /** Adds the times of the first jobs of a JVM. */
  void addFirst(String sample, String contender, List<List<Long>> nanosOfEach) throws IOException {
    StringBuilder note = new StringBuilder();
    note.append("%s, first writes of a fresh JVM, %s, in ms:".formatted(sample, contender));
    for (int i = 0; i < nanosOfEach.size(); i++) {
      List<Long> nanos = nanosOfEach.get(i);
      note.append(String.format(Locale.ROOT, " %.0f", Contest.median(nanos) / 1e6));
      for (int run = 0; run < nanos.size(); run++) {
        addRun(sample, "first-write-" + (i + 1), contender, "seconds", run, nanos.get(run) / 1e9);
      }
    }
    note(note.toString());
  }

  /** Adds a line below the table. */
  void note(String note) throws IOException {
    notes.add(note);
    System.out.println(note);
    write();
  }

  /** Prints the head of the table. */
  void begin() {
    head().forEach(System.out::println);
  }

  private List<String> head() {
    return List.of(
        conditions,
        "",
        "| sample | job | fastest git | repackd, warm | ratio | repackd, cold | ratio"
            + " | peak of its own memory, git / warm |",
        "|---|---|--:|--:|--:|--:|--:|--:|");
  }

  private void addRuns(String sample, String job, String contender, Score score) {
    for (int run = 0; run < score.nanos().size(); run++) {
      addRun(sample, job, contender, "seconds", run, score.nanos().get(run) / 1e9);
    }
    if (score.packBytes() > 0) {
      addRun(sample, job, contender, "pack-bytes", 0, score.packBytes());
    }
    addRun(sample, job, contender, "anonymous-bytes", 0, score.peak().anonymousBytes());
    addRun(sample, job, contender, "resident-bytes", 0, score.peak().residentBytes());
  }

  private void addRun(
      String sample, String job, String contender, String measure, int run, Number value) {
    runs.add(
        String.join("\t", sample, job, contender, measure, String.valueOf(run + 1), "" + value));
  }

  private void write() throws IOException {
    Files.createDirectories(directory);
    List<String> table = new ArrayList<>(head());
    table.addAll(rows);
    table.add("");
    table.addAll(notes);
    Files.write(directory.resolve("results.md"), table);
    Files.write(directory.resolve("runs.tsv"), runs);
  }

  private static boolean isGit(Contender contender) {
    return contender.label().startsWith("git ");
  }

  private static Optional<Map.Entry<Contender, Score>> fastest(
      Map<Contender, Score> scores, Predicate<Contender> whom) {
    return scores.entrySet().stream()
        .filter(entry -> whom.test(entry.getKey()))
        .min(Comparator.comparingDouble(entry -> entry.getValue().medianSeconds()));
  }

  private static String seconds(Map.Entry<Contender, Score> entry) {
    return String.format(Locale.ROOT, "%.3f s", entry.getValue().medianSeconds());
  }

  private static String secondsAndName(Map.Entry<Contender, Score> entry) {
    return seconds(entry) + " (" + entry.getKey().label() + ")";
  }

  private static String memory(Map.Entry<Contender, Score> entry) {
    return String.format(
        Locale.ROOT, "%.0f MiB", entry.getValue().peak().anonymousBytes() / BYTES_PER_MIB);
  }

  private static String ratio(
      Optional<Map.Entry<Contender, Score>> git, Optional<Map.Entry<Contender, Score>> ours) {
    if (git.isEmpty() || ours.isEmpty()) {
      return "";
    }
    double ratio = git.get().getValue().medianSeconds() / ours.get().getValue().medianSeconds();
    return String.format(Locale.ROOT, "%.1f×", ratio);
  }
}
