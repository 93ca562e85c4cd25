/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A small ELF reader: bounded, by pread, trusting no offset. */
#include "bh-elf.h"

#include <elf.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#define MAX_HEADERS 64
#define MAX_DYNAMIC 1024
#define MAX_NEEDED 256
#define MAX_NAME 256

typedef struct
{
  int fd;
  Elf64_Phdr headers[MAX_HEADERS];
  unsigned n_headers;
} File;

static bool
read_at (int fd, uint64_t offset, void *data, size_t size)
{
  return offset <= INT64_MAX - size && pread (fd, data, size, (off_t) offset) == (ssize_t) size;
}

static bool
read_headers (File *file)
{
  Elf64_Ehdr ehdr;

  if (!read_at (file->fd, 0, &ehdr, sizeof ehdr) || memcmp (ehdr.e_ident, ELFMAG, SELFMAG) != 0
      || ehdr.e_ident[EI_CLASS] != ELFCLASS64 || ehdr.e_ident[EI_DATA] != ELFDATA2LSB
      || ehdr.e_phentsize != sizeof (Elf64_Phdr) || ehdr.e_phnum > MAX_HEADERS)
    return false;
  file->n_headers = ehdr.e_phnum;
  return read_at (file->fd, ehdr.e_phoff, file->headers, ehdr.e_phnum * sizeof (Elf64_Phdr));
}

/* File offset of the loaded @address. */
static bool
find_offset (const File *file, uint64_t address, uint64_t *offset)
{
  for (unsigned i = 0; i < file->n_headers; i++)
    {
      const Elf64_Phdr *h = &file->headers[i];

      if (h->p_type == PT_LOAD && address >= h->p_vaddr && address - h->p_vaddr < h->p_filesz)
        {
          uint64_t in = address - h->p_vaddr;

          if (h->p_offset > UINT64_MAX - in)
            return false;
          *offset = h->p_offset + in;
          return true;
        }
    }
  return false;
}

static char *
read_name (int fd, uint64_t offset)
{
  char name[MAX_NAME];
  ssize_t n = offset <= INT64_MAX ? pread (fd, name, sizeof name, (off_t) offset) : -1;

  if (n <= 0 || !memchr (name, 0, (size_t) n))
    return NULL;
  return g_strdup (name);
}

static char **
read_dynamic (const File *file, const Elf64_Phdr *header)
{
  g_autofree Elf64_Dyn *dynamic = g_new0 (Elf64_Dyn, MAX_DYNAMIC);
  size_t n = MIN (header->p_filesz / sizeof *dynamic, MAX_DYNAMIC);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  uint64_t strings = 0, size = 0, offset;
  bool found = false;

  if (!read_at (file->fd, header->p_offset, dynamic, n * sizeof *dynamic))
    return NULL;
  for (size_t i = 0; i < n && dynamic[i].d_tag != DT_NULL; i++)
    {
      if (dynamic[i].d_tag == DT_STRTAB)
        found = find_offset (file, dynamic[i].d_un.d_ptr, &strings);
      else if (dynamic[i].d_tag == DT_STRSZ)
        size = dynamic[i].d_un.d_val;
    }
  if (!found)
    return NULL;
  for (size_t i = 0; i < n && dynamic[i].d_tag != DT_NULL && names->len < MAX_NEEDED; i++)
    {
      char *name;

      if (dynamic[i].d_tag != DT_NEEDED || dynamic[i].d_un.d_val >= size
          || __builtin_add_overflow (strings, dynamic[i].d_un.d_val, &offset))
        continue;
      name = read_name (file->fd, offset);
      if (name)
        g_ptr_array_add (names, name);
    }
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

char **
bh_elf_needed (const char *path)
{
  File file = { .fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) };
  char **needed = NULL;

  if (file.fd < 0)
    return NULL;
  if (read_headers (&file))
    {
      for (unsigned i = 0; i < file.n_headers && !needed; i++)
        if (file.headers[i].p_type == PT_DYNAMIC)
          needed = read_dynamic (&file, &file.headers[i]);
    }
  close (file.fd);
  return needed;
}

static bool
starts_with_any (const char *name, const char *const *prefixes)
{
  for (; *prefixes; prefixes++)
    if (g_str_has_prefix (name, *prefixes))
      return true;
  return false;
}

bool
bh_needs_x11 (char *const *needed)
{
  static const char *const x11[] = { "libX11.so", "libxcb.so", "libXt.so", "libXaw", "libXext.so",
                                     "libXft.so", "libXm.so", "libXmu.so", "libXi.so", "libXpm.so",
                                     "libforms.so", "libfltk.so.1.3", "libtk8", "libtk.so",
                                     /* GTK 1 and 2 know nothing else */
                                     "libgtk-x11-2.0.so", "libgtk-1", NULL };
  /* These find Wayland by themselves, whatever else the program is linked with. */
  static const char *const other[] = { "libwayland-client.so",
                                       "libgtk-3.so",
                                       "libgtk-4.so",
                                       "libgdk-3.so",
                                       "libadwaita",
                                       "libhandy",
                                       "libQt5",
                                       "libQt6",
                                       "libSDL2",
                                       "libSDL-1.2.so",
                                       "libSDL3",
                                       "libglfw.so",
                                       "libwx_gtk3",
                                       "libfltk.so.1.4",
                                       "libdecor",
                                       "libevas.so",
                                       "libgtkmm-3",
                                       "libgtkmm-4",
                                       "libwebkit",
                                       NULL };
  bool found = false;

  for (char *const *name = needed; *name; name++)
    {
      if (starts_with_any (*name, other))
        return false;
      found = found || starts_with_any (*name, x11);
    }
  return found;
}
