// The names of an invented world. There are two vocabularies that share no word: one for training, one for
// tests (of known and of unknown kinds), so that what is learnt by heart is of no use in a test.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "incidents/random.h"

namespace carrel::incidents {

enum class Split { train, test, unknown };

std::string split_name(Split split);

// The phrase with its slots {0} to {9} filled; one without a value stays.
std::string filled(const std::string& phrase, const std::vector<std::string>& values);

struct Words {
  std::vector<std::string> things;      // what services are about: "orders"
  std::vector<std::string> endings;     // "-api"
  std::vector<std::string> syllables;   // of names that mean nothing: "vorlita"
  std::vector<std::string> spaces;      // namespaces
  std::vector<std::string> domains;     // of companies, registries and outside services
  std::vector<std::string> node_forms;  // {0}: number, {1} and {2}: hexadecimal
  std::vector<std::string> databases, caches, brokers, proxies;
  std::vector<std::string> keys;     // of the environment and of configuration
  std::vector<std::string> flags;    // of command lines
  std::vector<std::string> tables;   // and their columns, topics, queues
  std::vector<std::string> routes;   // of HTTP
  std::vector<std::string> classes;  // of Java, of modules
  std::vector<std::string> folders;  // where data lies
  std::vector<std::string> storage;  // storage classes
  std::vector<std::string> teams;    // label values, priority classes, node pools
};

const Words& words_of(Split split);

// Every word of a vocabulary, for whoever must know that two of them share none.
std::vector<std::string> all_words(const Words& words);

// Hands out names; no two services or namespaces of one world have the same.
class Namer {
 public:
  Namer(Split split, Random* random) : words_(words_of(split)), random_(random) {}

  const Words& words() const { return words_; }
  std::string service();
  std::string space();
  std::string component(const std::vector<std::string>& names);  // a database, a cache, ...
  std::string node(int number, const std::string& form);
  std::string domain() { return random_->pick(words_.domains); }
  std::string key() { return random_->pick(words_.keys); }
  std::string invented(int syllables);

 private:
  std::string fresh(const std::string& name);

  const Words& words_;
  Random* random_;
  std::set<std::string> used_;
};

}  // namespace carrel::incidents
