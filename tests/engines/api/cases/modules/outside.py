def there(name):
    try:
        __import__(name)
    except ImportError:
        return False
    return True


[there("../cases"), there("lib")]
