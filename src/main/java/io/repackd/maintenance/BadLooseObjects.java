package io.repackd.maintenance;

import io.repackd.objectdir.FileStamp;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loose objects that were found to be bad. Each is reported once, and not read again unless its file changes. For the life of
 * the process; the oldest are forgotten when there are too many.
 */
final class BadLooseObjects {
  private static final Logger log = LoggerFactory.getLogger(BadLooseObjects.class);

  /** Some 300 bytes each. */
  private static final int MAX_REMEMBERED = 10_000;

  private final Map<Path, FileStamp> known =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Path, FileStamp> eldest) {
          return size() > MAX_REMEMBERED;
        }
      };

  private final Consumer<String> reports;

  /** Reports to the log. */
  BadLooseObjects() {
    this(line -> log.warn("{}", line));
  }

  /** Reports line by line. */
  BadLooseObjects(Consumer<String> reports) {
    this.reports = reports;
  }

  /** Reports something else that is wrong. */
  void warn(String line) {
    reports.accept(line);
  }

  /** Whether a file was found to be bad and has not changed since. */
  synchronized boolean contains(FileStamp file) {
    return file.equals(known.get(file.path()));
  }

  /** Whether none is known: so that nothing need be looked up. */
  synchronized boolean isEmpty() {
    return known.isEmpty();
  }

  /** Notes a bad file, and reports it if that is news. */
  synchronized void add(FileStamp file, String fault) {
    if (!file.equals(known.put(file.path(), file))) {
      warn(fault);
    }
  }
}
