package io.repackd.midx;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** What is found wrong with one multi-pack-index, by several threads. */
final class Faults {
  /** Beyond these, further faults of a type say nothing new. Another type may: it decides what has to be done. */
  private static final int MAX_FAULTS = 20;

  private final Path index;
  private final List<Fault> found = new ArrayList<>();

  Faults(Path index) {
    this.index = index;
  }

  /** Adds what is wrong with the multi-pack-index itself. */
  void addOwn(Fault.Type type, String what) {
    add(new Fault(type, index, "corrupt file %s: %s".formatted(index, what)));
  }

  /** Adds a fault, unless it is there already or enough others are. */
  synchronized void add(Fault fault) {
    if (wants(fault.type()) && !found.contains(fault)) {
      found.add(fault);
    }
  }

  /** Whether another fault of a type would be told. */
  synchronized boolean wants(Fault.Type type) {
    return found.size() < MAX_FAULTS || found.stream().noneMatch(fault -> fault.type() == type);
  }

  synchronized boolean isEmpty() {
    return found.isEmpty();
  }

  /** The faults in the order of their types. */
  synchronized List<Fault> sorted() {
    return found.stream().sorted(Comparator.comparing(Fault::type)).toList();
  }
}
