// What the tests of `kubectl describe` share: reading a text, finding what came of it, and that each value
// stands in the lines that it names. Used by tests alone.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "room/bundle/kubectl_text.h"

namespace carrel {

class KubectlTextTest : public ::testing::Test {
 protected:
  Inventory inventory_;

  bool read(const std::string& path, const std::string& text) {
    return read_kubectl_text(&inventory_, inventory_.add(Document{path, text, {}}));
  }

  const Object& the(std::string_view kind, std::string_view space, std::string_view name) {
    static const Object none = [] {
      Object object;
      object.value = &Value::null();
      return object;
    }();
    const Object* object = inventory_.find(kind, space, name);
    EXPECT_NE(object, nullptr) << kind << " " << space << "/" << name;
    return object == nullptr ? none : *object;
  }

  // Each text that a value holds stands in the lines that it names. What is derived (booleans, the type of a
  // condition that a table's READY stands for, a kind) is no text of the file.
  void expect_lines_hold(const Object& object) {
    const std::function<void(const Value&, const std::string&)> look = [&](const Value& value,
                                                                           const std::string& at) {
      for (const Value& item : value.items) look(item, at + "[]");
      for (const auto& [key, member] : value.members) look(member, at + "/" + key);
      if (!value.is(Value::Kind::string) && !value.is(Value::Kind::number)) return;
      static const char* derived[] = {"/conditions[]/type",
                                      "/conditions[]/status",
                                      "/operator",
                                      "/effect",
                                      "/count",
                                      "/involvedObject/",
                                      "/metadata/namespace",
                                      "/metadata/name",
                                      "/resource/name",
                                      "PodInitializing",
                                      "[]/type",
                                      "is-default-class"};
      for (const char* skip : derived) {
        if (at.find(skip) != std::string::npos || value.text() == skip) return;
      }
      std::string text;
      for (std::uint32_t line = value.line; line <= value.end_line; ++line) {
        text += std::string(object.file->line(line)) + "\n";
      }
      std::string first(value.text().substr(0, value.text().find('\n')));
      EXPECT_NE(text.find(first), std::string::npos)
          << at << " = " << first << " at line " << value.line << ": " << text;
    };
    look(*object.value, object.kind + " " + object.name);
  }

  void expect_all_lines_hold() {
    for (const Object& object : inventory_.all()) expect_lines_hold(object);
  }
};

}  // namespace carrel
