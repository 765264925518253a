package io.repackd.platform;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;

/** Words for why a file could not be used. The JDK has them in the class of the exception, and only the path in the message. */
public final class Reason {
  private Reason() {}

  /** The same error with the file in it: what goes wrong with an open file knows no name. */
  public static FileSystemException naming(Path file, IOException error) {
    FileSystemException named = new FileSystemException(file.toString(), null, of(error));
    named.initCause(error);
    return named;
  }

  /** Why, without the path: {@code permission denied}. */
  public static String of(Exception exception) {
    return switch (exception) {
      case NoSuchFileException _ -> "no such file or directory";
      case AccessDeniedException _ -> "permission denied";
      case NotDirectoryException _ -> "not a directory";
      case DirectoryIteratorException e when e.getCause() != null -> of(e.getCause());
      case FileSystemException e when e.getReason() != null -> e.getReason();
      default -> {
        String message = exception.getMessage();
        yield message == null ? exception.getClass().getSimpleName() : message;
      }
    };
  }
}
